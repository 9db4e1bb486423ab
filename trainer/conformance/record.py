#!/usr/bin/env python3
"""Record what torch and peft give for tiny models made by formula; the test suite compares with it.

Usage: record.py OUT_FOLDER   (needs requirements.txt beside this file)
The formula is the one of src/proof/specs.rs: weights, adapters and tokens need no file and no generator.
"""
import json
import pathlib
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
COMMON = dict(
    hidden_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=96,
    vocab_size=96, rms_norm_eps=1e-5, max_position_embeddings=256, bos_token_id=1, eos_token_id=2, use_cache=False,
)
FAMILIES = {
    "llama": dict(model_type="llama", tie_word_embeddings=False, rope_theta=1e4, head_dim=16),
    "qwen2": dict(model_type="qwen2", tie_word_embeddings=True, rope_theta=1e4),
    "qwen3": dict(model_type="qwen3", tie_word_embeddings=False, rope_theta=1e6, head_dim=32),
}


def formula(name, count):
    salt = 0
    for byte in name.encode():
        salt = (salt * 31 + byte) % 1_000_003
    i = torch.arange(count, dtype=torch.int64)
    mixed = (i * 7919 + salt * 104_729 + (i * i) % 613) % 1009
    return (mixed.double() / 1009.0 - 0.5).float()


def fill(model):
    for name, parameter in model.named_parameters():
        values = formula(name, parameter.numel())
        if parameter.dim() == 2:
            scale = torch.tensor(2.0) / torch.tensor(float(parameter.shape[1])).sqrt()
            parameter.data = (values * scale).reshape(parameter.shape)
        else:
            around = 1.0 if name.endswith("norm.weight") else 0.0
            parameter.data = around + 0.3 * values


def key(name):
    return name.replace(".default", "")


def record(family, rounded=False):
    """`rounded` is what a checkpoint in bf16 holds: its matrices rounded, all sums in f32."""
    torch.manual_seed(0)
    settings = {**COMMON, **FAMILIES[family]}
    config = AutoConfig.for_model(settings.pop("model_type"), **settings)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    fill(model)
    if rounded:
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.data = parameter.data.bfloat16().float()
    lora = LoraConfig(r=4, lora_alpha=8, target_modules=TARGETS, task_type="CAUSAL_LM")
    model = get_peft_model(model, lora)
    trained = {key(n): p for n, p in model.named_parameters() if p.requires_grad}
    for name, parameter in trained.items():
        parameter.data = (0.25 * formula(name, parameter.numel())).reshape(parameter.shape)
    adamw = torch.optim.AdamW(trained.values(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    losses, gradients = [], []
    for step in range(4):
        i = torch.arange(120)
        tokens = ((i * i * 7 + step * 13 + i) % 96).reshape(2, 60)
        loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        if step == 0:
            gradients = [(n, trained[n].grad.double().norm().item(), trained[n].grad.flatten()[0].item())
                         for n in sorted(trained)]
        adamw.step()
        adamw.zero_grad()
        losses.append(loss.item())
    return {"losses": losses, "gradients": gradients}


out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
for family in FAMILIES:
    recorded = record(family)
    recorded["rounded_losses"] = record(family, rounded=True)["losses"]
    (out / f"{family}.json").write_text(json.dumps(recorded, indent=0) + "\n")
    print(family, "recorded with torch", torch.__version__)
