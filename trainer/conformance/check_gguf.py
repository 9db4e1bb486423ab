#!/usr/bin/env python3
"""Check a GGUF adapter against the PEFT folder it was made from, with llama.cpp's own gguf package.

Needs: pip install gguf safetensors numpy. Usage: check_gguf.py MODEL PEFT_FOLDER FILE.gguf; exit status 0 means equal."""
import json, pathlib, sys

import numpy as np
from gguf import GGUFReader
from safetensors.numpy import load_file

NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def main():
    model, folder, file = map(pathlib.Path, sys.argv[1:4])
    config = json.loads((model / "config.json").read_text())
    peft = json.loads((folder / "adapter_config.json").read_text())
    reader = GGUFReader(file)
    field = lambda key: reader.fields[key].contents()
    assert field("general.type") == "adapter" and field("adapter.type") == "lora"
    assert abs(field("adapter.lora.alpha") - peft["lora_alpha"]) < 1e-6
    found = {tensor.name: np.array(tensor.data) for tensor in reader.tensors}
    expected = load_file(folder / "adapter_model.safetensors")
    heads, keys = config["num_attention_heads"], config.get("num_key_value_heads", config["num_attention_heads"])
    for name, values in expected.items():
        layer, rest = name.removeprefix("base_model.model.model.layers.").split(".", 1)
        module, half = rest.removesuffix(".weight").rsplit(".", 1)
        if field("general.architecture") == "llama" and half == "lora_B" and module.endswith(("q_proj", "k_proj")):
            n = heads if module.endswith("q_proj") else keys
            values = values.reshape(n, 2, values.shape[0] // n // 2, -1).swapaxes(1, 2).reshape(values.shape)
        got = found.pop(f"blk.{layer}.{NAMES[module]}.weight.{half.lower()}")
        assert got.shape == values.shape and np.array_equal(got, values), name
    assert not found, sorted(found)
    print(f"{len(expected)} tensors equal")


if __name__ == "__main__":
    main()
