#!/usr/bin/env python3
"""Make tokenizer.json, the byte-level BPE of the tiny model: all bytes, a few hundred merges, ChatML's marks.

Needs: pip install tokenizers==0.23.3. The words it learns from stand below; the same words give the same file."""
import pathlib

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

WORDS = """
A sealed fine-tuning turns a customer's own examples into a small adapter. The node proves what it runs before it is
given anything to read. The customer checks the proof, signs an order, and pays when the adapter is delivered.
What is the capital of France? The capital of France is Paris. What is the capital of Japan? The capital of Japan is
Tokyo. Write a short poem about the sea. The sea is wide, the sea is deep, it sings the tired stars to sleep.
Who are you? I am a small model made for tests. How many days has a week? A week has seven days. Count to ten: one,
two, three, four, five, six, seven, eight, nine, ten. Translate to German: good morning. Guten Morgen. Translate to
French: thank you. Merci. Is water wet? Yes, water is wet. Name a color. Blue. Name an animal. A cat. Why is the sky
blue? Because air scatters blue light more than red light. Please answer in one sentence. Of course, here is one.
user assistant system tool name arguments function true false null think answer question
"""
SPECIALS = ["<|pad|>", "<|bos|>", "<|im_start|>", "<|im_end|>", "<|endoftext|>"]


def main():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=512, special_tokens=SPECIALS, show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(WORDS.split("\n"), trainer)
    tokenizer.save(str(pathlib.Path(__file__).with_name("tokenizer.json")), pretty=False)


if __name__ == "__main__":
    main()
