#!/usr/bin/env python3
"""The PyTorch + peft side of the benchmark: one configuration, one JSON line.

A random model of the named shape is made in place, LoRA sits on all seven projections, each step takes fresh random
tokens through forward, backward and AdamW. Needs conformance/requirements.txt.
"""
import argparse
import json
import resource
import statistics
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

SHAPES = {  # model type, hidden, layers, heads, key heads, head dim, intermediate, vocabulary, tied, rope base
    "m512": ("llama", 512, 8, 8, 4, 64, 1408, 8192, False, 1e4),
    "qwen05b": ("qwen2", 896, 24, 14, 2, 64, 4864, 151936, True, 1e6),
}
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="m512")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--seq", type=int, default=256)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--dtype", choices=["f32", "bf16", "bf16-autocast"], default="f32")
    return parser.parse_args()


def build(args):
    kind, hidden, layers, heads, kv, dim, inner, vocab, tied, theta = SHAPES[args.shape]
    extra = {} if kind == "qwen2" else {"head_dim": dim}
    config = AutoConfig.for_model(
        kind, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=kv,
        intermediate_size=inner, vocab_size=vocab, tie_word_embeddings=tied, rope_theta=theta, use_cache=False,
        max_position_embeddings=2048, bos_token_id=1, eos_token_id=2, **extra)
    dtype = torch.float32 if args.dtype == "f32" else torch.bfloat16
    model = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation="sdpa")
    lora = LoraConfig(r=args.rank, lora_alpha=2 * args.rank, target_modules=TARGETS, task_type="CAUSAL_LM")
    return get_peft_model(model, lora, autocast_adapter_dtype=args.dtype != "bf16").train(), vocab


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model, vocab = build(args)
    trained = [p for p in model.parameters() if p.requires_grad]
    adamw = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0.01, fused=True)
    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.dtype == "bf16-autocast")
    seconds = []
    for step in range(args.warmup + args.steps):
        tokens = torch.randint(3, vocab, (args.batch, args.seq))
        started = time.perf_counter()
        with autocast:
            loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        adamw.step()
        adamw.zero_grad(set_to_none=True)
        if step >= args.warmup:
            seconds.append(time.perf_counter() - started)
    count = args.batch * args.seq
    print(json.dumps({
        "engine": "torch+peft", "shape": args.shape, "batch": args.batch, "seq": args.seq, "dtype": args.dtype,
        "threads": args.threads, "tok_s": count / statistics.median(seconds), "tok_s_best": count / min(seconds),
        "peak_rss_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "torch": torch.__version__,
    }))


main()
