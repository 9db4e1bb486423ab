#!/usr/bin/env python3
"""Measure what sample packing is worth on a realistic mix of lengths.

Needs: pip install numpy safetensors. Usage: packing.py PROGRAM [rounds]. Makes a Llama of 32M parameters with the tiny
tokenizer, a dataset whose lengths are log-normal (median 90 tokens, as instruction sets have), and trains a few steps
with sample_packing on and off, in turns. Prints one JSON line. Counted are real tokens per second; "padded" is what
rows padded to the longest of their batch would have reached at the unpacked run's speed per position."""
import json, pathlib, statistics, subprocess, sys, tempfile

import numpy as np
from safetensors.numpy import save_file

HIDDEN, LAYERS, HEADS, KEYS, FED, VOCAB = 512, 8, 8, 4, 1408, 512
RECIPE = dict(lora_r=8, lora_alpha=16, sequence_len=1024, num_epochs=1, max_steps=6, warmup_steps=0, bf16=False,
              gradient_accumulation_steps=1)


def model(folder, program):
    subprocess.run([program, "make-tiny", folder], check=True)
    config = json.loads((folder / "config.json").read_text())
    config.update(hidden_size=HIDDEN, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=KEYS,
                  head_dim=HIDDEN // HEADS, intermediate_size=FED, vocab_size=VOCAB)
    (folder / "config.json").write_text(json.dumps(config))
    rng = np.random.default_rng(0)
    weight = lambda *shape: (rng.standard_normal(shape) * 0.02).astype(np.float32)
    tensors = {"model.embed_tokens.weight": weight(VOCAB, HIDDEN), "lm_head.weight": weight(VOCAB, HIDDEN),
               "model.norm.weight": np.ones(HIDDEN, np.float32)}
    shapes = {"self_attn.q_proj": (HIDDEN, HIDDEN), "self_attn.k_proj": (HIDDEN // 2, HIDDEN), "self_attn.v_proj": (HIDDEN // 2, HIDDEN),
              "self_attn.o_proj": (HIDDEN, HIDDEN), "mlp.gate_proj": (FED, HIDDEN), "mlp.up_proj": (FED, HIDDEN), "mlp.down_proj": (HIDDEN, FED)}
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            tensors[f"model.layers.{layer}.{name}.weight"] = weight(*shape)
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{layer}.{name}.weight"] = np.ones(HIDDEN, np.float32)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def data(path):
    rng = np.random.default_rng(1)
    lengths = np.clip(rng.lognormal(4.5, 0.8, 400), 8, 1000).astype(int)
    with open(path, "w") as out:
        for at, length in enumerate(lengths):
            words = " ".join(rng.choice(["water", "capital", "seven", "because", "please", "animal", "stars"], max(1, length // 3)))
            out.write(json.dumps({"messages": [{"role": "user", "content": f"{at}?"}, {"role": "assistant", "content": words}]}) + "\n")


def speed(program, folder, **changes):
    (folder / "recipe.json").write_text(json.dumps({**RECIPE, **changes}))
    run = subprocess.run([program, "run", "--model", folder / "model", "--data", folder / "data.jsonl", "--recipe", folder / "recipe.json",
                          "--out", folder / "out", "--threads", "2"], check=True, capture_output=True, text=True)
    steps = [event for event in map(json.loads, run.stdout.splitlines()) if event["event"] == "step"]
    return steps[-1]["tok_s"]


def main():
    program, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model(folder / "model", program)
        data(folder / "data.jsonl")
        packed, unpacked = [], []
        for _ in range(rounds):
            packed.append(speed(program, folder, sample_packing=True, micro_batch_size=1))
            unpacked.append(speed(program, folder, sample_packing=False, micro_batch_size=1, max_steps=48))
        ratio = statistics.median(p / u for p, u in zip(packed, unpacked))
        print(json.dumps({"packed_tok_s": packed, "unpacked_tok_s": unpacked, "ratio": round(ratio, 3)}))


if __name__ == "__main__":
    main()
