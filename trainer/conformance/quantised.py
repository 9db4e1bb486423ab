#!/usr/bin/env python3
"""Train on quantised bases with torch + peft and with our trainer, and compare.

Usage: quantised.py --trainer target/release/sealtune-trainer [--steps 4]
Checkpoints of bitsandbytes (NF4, plain and doubly quantised, decoded to f32 and to bf16) are written with bitsandbytes
itself, GGUF files with llama.cpp's own package; torch trains on what those packages decode, in full. Exit status 0: all
within bounds. Needs requirements.txt.
"""
import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import bitsandbytes.functional as bnb
import gguf
import numpy as np
import torch
from safetensors.torch import load_file, save_file

import parity

LINEAR = ("q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight", "gate_proj.weight", "up_proj.weight",
          "down_proj.weight")
NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
         "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm"}
ENDS = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def bitsandbytes_checkpoint(dense, folder, double, dtype):
    """Quantises the linear layers in place: the folder gets the codes, `dense` what they decode to."""
    weights = load_file(dense / "model.safetensors")
    codes = {}
    for name, weight in weights.items():
        if not name.endswith(LINEAR):
            codes[name] = weight
            continue
        packed, state = bnb.quantize_4bit(weight.to(dtype), quant_type="nf4", compress_statistics=double)
        codes[name] = packed
        codes.update({f"{name}.{key}": value for key, value in state.as_dict(packed=True).items()})
        weights[name] = bnb.dequantize_4bit(packed, state).float()
    save_file({k: v.contiguous() for k, v in codes.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    save_file({k: v.contiguous() for k, v in weights.items()}, dense / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4",
                                     "bnb_4bit_use_double_quant": double}
    (folder / "config.json").write_text(json.dumps(config))


def blocks(weight, kind, random):
    """Rows of blocks: by the package where it can write the type, else random blocks of a plausible size."""
    if kind in (gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0, gguf.GGMLQuantizationType.Q5_0):
        return gguf.quants.quantize(weight, kind)
    values, size = gguf.GGML_QUANT_SIZES[kind]
    rows, cols = weight.shape
    raw = random.integers(0, 256, (rows, cols // values, size), dtype=np.uint8)
    scale = np.float16(8e-5).tobytes()
    if kind == gguf.GGMLQuantizationType.Q6_K:
        raw[..., -18:-2] &= 31
        raw[..., -2:] = np.frombuffer(scale, np.uint8)
    else:  # Q4_K and Q5_K: scale, scale of the minima
        raw[..., 0:2] = np.frombuffer(scale, np.uint8)
        raw[..., 2:4] = np.frombuffer(np.float16(6e-4).tobytes(), np.uint8)
    return raw.reshape(rows, -1)


def gguf_name(name):
    module, end = name.rsplit(".", 1)
    if module in ENDS:
        return f"{ENDS[module]}.{end}"
    layer, part = module.removeprefix("model.layers.").split(".", 1)
    return f"blk.{layer}.{NAMES[part]}.{end}"


def gguf_file(dense, folder, kind, family):
    config = json.loads((dense / "config.json").read_text())
    heads = {"q_proj": config["num_attention_heads"], "k_proj": config["num_key_value_heads"]}
    weights = load_file(dense / "model.safetensors")
    random = np.random.default_rng(0)
    writer = gguf.GGUFWriter(folder / "model.gguf", family)
    writer.add_context_length(512)
    for name, tensor in weights.items():
        array = tensor.numpy().copy()
        count = next((n for key, n in heads.items() if f"{key}." in name), None) if family == "llama" else None
        if count:  # as llama.cpp's converter lays q and k
            array = array.reshape(count, 2, -1, *array.shape[1:]).swapaxes(1, 2).reshape(array.shape)
        if array.ndim == 1:
            writer.add_tensor(gguf_name(name), array)
            continue
        packed = blocks(array, kind, random)
        writer.add_tensor(gguf_name(name), packed, raw_dtype=kind)
        decoded = gguf.quants.dequantize(packed, kind).reshape(array.shape)
        if count:
            decoded = decoded.reshape(count, -1, 2, *array.shape[1:]).swapaxes(1, 2).reshape(array.shape)
        weights[name] = torch.from_numpy(decoded.copy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (folder / "model.safetensors").unlink()
    save_file({k: v.contiguous() for k, v in weights.items()}, dense / "model.safetensors", metadata={"format": "pt"})


def compare(args, what, work, family, write):
    dense, folder = work / f"{what}-dense", work / what
    tokens = parity.generate(family, dense, intermediate_size=768)
    shutil.copytree(dense, folder)
    write(dense, folder)
    losses, gradients, _ = parity.expected(dense, tokens, args.steps)
    out = work / f"{what}-ours"
    parity.subprocess.run([args.trainer, "parity", "--dir", folder, "--steps", str(args.steps), "--out", out], check=True)
    ours = json.loads((out / "losses.json").read_text())
    loss = parity.apart(losses, ours)
    gradient = parity.distance(gradients, load_file(out / "grads.safetensors"))
    good = loss <= 1e-4 and gradient <= 1e-4
    print(f"{'ok  ' if good else 'FAIL'} {what:24} loss {loss:.1e} gradients {gradient:.1e}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainer", required=True)
    parser.add_argument("--steps", type=int, default=4)
    args = parser.parse_args()
    torch.set_num_threads(2)
    good = True
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        for double, dtype in [(False, torch.float32), (True, torch.float32), (True, torch.bfloat16)]:
            what = f"nf4{'-double' if double else ''}-{str(dtype).removeprefix('torch.')}"
            good &= compare(args, what, work, "llama",
                            lambda d, f, double=double, dtype=dtype: bitsandbytes_checkpoint(d, f, double, dtype))
        kinds = gguf.GGMLQuantizationType
        for family, kind in [("llama", kinds.Q8_0), ("llama", kinds.Q4_K), ("qwen3", kinds.Q8_0), ("qwen3", kinds.Q5_0),
                             ("llama", kinds.Q5_K), ("qwen3", kinds.Q6_K), ("llama", kinds.Q4_0)]:
            good &= compare(args, f"gguf-{family}-{kind.name}", work, family,
                            lambda d, f, kind=kind, family=family: gguf_file(d, f, kind, family))
    sys.exit(0 if good else 1)


main()
