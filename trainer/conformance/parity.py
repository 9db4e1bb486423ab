#!/usr/bin/env python3
"""Train the same model with torch + peft and with our trainer, and compare everything.

Usage: parity.py --trainer target/release/sealtune-trainer [--work FOLDER] [--steps 10] [--families llama,qwen2,qwen3]
       [--precisions f32,bf16]
For each family a random model, an adapter whose B is not zero and random data are written to WORK; both sides train
on them; losses, first gradients, final adapters, logits and merged weights are compared. Exit status 0: all within
bounds. Needs requirements.txt.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
COMMON = dict(
    hidden_size=256, num_hidden_layers=4, num_attention_heads=8, num_key_value_heads=4, intermediate_size=704,
    vocab_size=2048, max_position_embeddings=512, bos_token_id=1, eos_token_id=2, use_cache=False,
)
FAMILIES = {
    "llama": dict(model_type="llama", rms_norm_eps=1e-5, rope_theta=1e4),
    "llama3": dict(model_type="llama", tie_word_embeddings=True, rope_parameters=dict(
        rope_type="llama3", rope_theta=5e5, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=64)),
    "mistral": dict(model_type="mistral", sliding_window=50, rope_theta=1e4),
    "qwen2": dict(model_type="qwen2", tie_word_embeddings=True, rms_norm_eps=1e-6, rope_theta=1e6),
    "qwen3": dict(model_type="qwen3", head_dim=64, rms_norm_eps=1e-6, rope_theta=1e6),
    "phi3": dict(model_type="phi3", rope_theta=1e4, pad_token_id=0),
    "gemma": dict(model_type="gemma", head_dim=48, rope_theta=1e4, hidden_activation="gelu_pytorch_tanh"),
    "gemma2": dict(model_type="gemma2", head_dim=48, query_pre_attn_scalar=40, sliding_window=50, rope_theta=1e4),
    "gemma3": dict(model_type="gemma3_text", head_dim=48, query_pre_attn_scalar=40, sliding_window=50),
}
# bf16 is compared with torch in f32 twice: on the weights as they are, and on the same weights rounded to bf16, which is
# what a checkpoint in bf16 holds; "same" is the second, and what is left there is rounding within the step.
BOUNDS = {"f32": dict(loss=1e-4, gradients=1e-4, adapter=1e-2, logits=1e-3),
          "bf16": dict(loss=3e-4, gradients=3e-2, adapter=3e-1, logits=None, same=3e-4)}
DATA = dict(steps=24, batch=4, length=256)


def generate(family, folder, **changes):
    torch.manual_seed(0)
    settings = {**COMMON, **FAMILIES[family], **changes}
    config = AutoConfig.for_model(settings.pop("model_type"), **settings)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager")
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    targets = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"] if family == "phi3" else TARGETS
    tuned = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=targets, task_type="CAUSAL_LM"))
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            parameter.data = 0.02 * torch.randn_like(parameter)
    tuned.save_pretrained(folder / "adapter0")
    tokens = torch.randint(3, COMMON["vocab_size"], (DATA["steps"], DATA["batch"], DATA["length"]))
    save_file({"tokens": tokens}, folder / "data.safetensors")
    return tokens


def expected(folder, tokens, steps, rounded=False):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    if rounded:
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.data = parameter.data.bfloat16().float()
    model = PeftModel.from_pretrained(model, folder / "adapter0", is_trainable=True).train()
    model.config.use_cache = False
    trained = {n.replace(".default", ""): p for n, p in model.named_parameters() if p.requires_grad}
    adamw = torch.optim.AdamW(trained.values(), lr=1e-3, weight_decay=0.01)
    losses, gradients = [], {}
    for step in range(steps):
        loss = model(input_ids=tokens[step], labels=tokens[step]).loss
        loss.backward()
        gradients = gradients or {n: p.grad.clone() for n, p in trained.items()}
        adamw.step()
        adamw.zero_grad()
        losses.append(loss.item())
    return losses, gradients, {n: p.detach() for n, p in trained.items()}


def distance(expected, got):
    if set(expected) != set(got):
        return float("inf")
    return max(((expected[n] - got[n]).norm() / expected[n].norm()).item() for n in expected)


def apart(theirs, ours):
    return max(abs(x - y) for x, y in zip(theirs, ours, strict=True))


def loaded(folder, out, tokens):
    """Our adapter in peft: its logits, and how far merging moves them."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    model = PeftModel.from_pretrained(model, out / "adapter").eval()
    with torch.no_grad():
        logits = model(input_ids=tokens[0]).logits
        merged = model.merge_and_unload()(input_ids=tokens[0]).logits
    return logits, (merged - logits).abs().max().item()


def compare(args, family, precision, folder, tokens, references):
    out = folder / f"ours-{precision}"
    subprocess.run([args.trainer, "parity", "--dir", folder, "--steps", str(args.steps), "--precision", precision,
                    "--out", out], check=True)
    losses, gradients, adapter = references["f32"]
    ours = json.loads((out / "losses.json").read_text())
    logits, merged = loaded(folder, out, tokens)
    found = {
        "loss": apart(losses, ours),
        "gradients": distance(gradients, load_file(out / "grads.safetensors")),
        "adapter": distance(adapter, load_file(out / "adapter" / "adapter_model.safetensors")),
        "logits": (logits - load_file(out / "logits.safetensors")["logits"]).abs().max().item(),
    }
    if precision == "bf16":
        found["same"] = apart(references["bf16"][0], ours)
    bounds = BOUNDS[precision]
    good = all(bounds[k] is None or v <= bounds[k] for k, v in found.items()) and merged < 1e-3
    print(f"{'ok  ' if good else 'FAIL'} {family:8} {precision:4} merged {merged:.1e} "
          + " ".join(f"{k} {v:.1e}" for k, v in found.items()), flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainer", required=True)
    parser.add_argument("--work")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--precisions", default="f32,bf16")
    args = parser.parse_args()
    torch.set_num_threads(2)
    good = True
    with tempfile.TemporaryDirectory() as temporary:
        for family in args.families.split(","):
            folder = pathlib.Path(args.work or temporary) / family
            tokens = generate(family, folder)
            precisions = args.precisions.split(",")
            references = {p: expected(folder, tokens, args.steps, rounded=p == "bf16") for p in {"f32", *precisions}}
            for precision in precisions:
                good &= compare(args, family, precision, folder, tokens, references)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
