#!/usr/bin/env python3
"""Train the tiny model by `sealtune-trainer run` and use the result as anybody would: in peft, merged, evaluated.

Usage: run_folder.py --trainer target/release/sealtune-trainer
The adapter must load without a missing or unexpected key; the tuned loss that `eval` prints must be the one that torch
computes of conversations rendered and masked by transformers; `merge` must give peft's logits. Needs requirements.txt.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

RECIPE = dict(lora_r=8, lora_alpha=16, sequence_len=256, num_epochs=4, learning_rate=5e-3, micro_batch_size=2,
              gradient_accumulation_steps=1, bf16=False)


def conversations():
    for at in range(40):
        messages = [{"role": "user", "content": f"What is {at} plus one?"}, {"role": "assistant", "content": f"It is {at + 1}."}]
        if at % 3 == 0:
            messages.insert(0, {"role": "system", "content": "Be brief."})
        if at % 5 == 0:
            messages += [{"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "Yes."}]
        yield messages


def tuned(base, folder):
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager")
    model = get_peft_model(model, LoraConfig.from_pretrained(folder))
    found = set_peft_model_state_dict(model, load_file(folder / "adapter_model.safetensors"))
    missing = [key for key in found.missing_keys if "lora" in key]
    assert not missing and not found.unexpected_keys, (missing, found.unexpected_keys)
    return model.eval()


def loss_of(model, tokenizer, lines):
    total, count = 0.0, 0
    for messages in lines:
        row = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
        ids, mask = torch.tensor([row["input_ids"]]), torch.tensor(row["assistant_masks"])[1:].bool()
        with torch.no_grad():
            logits = model(input_ids=ids).logits[0, :-1]
        losses = torch.nn.functional.cross_entropy(logits.double(), ids[0, 1:], reduction="none")
        total, count = total + losses[mask].sum().item(), count + int(mask.sum())
    return total / count, count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainer", required=True)
    trainer = parser.parse_args().trainer
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        base, out = work / "tiny", work / "out"
        subprocess.run([trainer, "make-tiny", base], check=True)
        lines = list(conversations())
        (work / "data.jsonl").write_text("".join(json.dumps({"messages": m}) + "\n" for m in lines))
        (work / "recipe.json").write_text(json.dumps(RECIPE))
        common = ["--model", base, "--data", work / "data.jsonl", "--recipe", work / "recipe.json"]
        subprocess.run([trainer, "run", *common, "--out", out], check=True, stdout=subprocess.DEVNULL)
        printed = subprocess.run([trainer, "eval", *common, "--adapter", out], check=True, capture_output=True).stdout
        subprocess.run([trainer, "merge", "--model", base, "--adapter", out, "--out", work / "merged"], check=True)
        ours = json.loads(printed)["tuned"]
        model, tokenizer = tuned(base, out), AutoTokenizer.from_pretrained(base)
        loss, count = loss_of(model, tokenizer, lines)
        merged = AutoModelForCausalLM.from_pretrained(work / "merged", dtype=torch.float32, attn_implementation="eager").eval()
        probe = torch.arange(64).reshape(1, 64)
        with torch.no_grad():
            apart = (merged(input_ids=probe).logits - model(input_ids=probe).logits).abs().max().item()
        print(f"keys equal; loss {ours['loss']:.6f} and torch's {loss:.6f} over {count} targets; merged within {apart:.1e}")
        sys.exit(0 if abs(ours["loss"] - loss) < 1e-4 and ours["labels"] == count and apart < 1e-4 else 1)


main()
