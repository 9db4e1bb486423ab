#!/usr/bin/env python3
"""Hand the 32M model of the shared benchmark folder to its own judges: parity_gen, parity_ref, parity_check --merge.

Usage: shared.py --trainer target/release/sealtune-trainer [--steps 10]
The folder is $SEALTUNE_SHARED, else `shared` beside the checkout; without it this is left out, visibly. f32: losses and
first gradients within 1e-4. bf16: losses within 3e-4 of torch's in f32. Needs requirements.txt.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from safetensors.torch import load_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("SEALTUNE_SHARED", ROOT.parent / "shared")) / "bench"
BOUNDS = {"f32": 1e-4, "bf16": 3e-4}


def script(name, *arguments):
    done = subprocess.run([sys.executable, SHARED / name, *map(str, arguments)], capture_output=True, text=True)
    print(done.stdout, done.stderr if done.returncode else "", end="")
    if done.returncode:
        sys.exit(f"{name} ended with {done.returncode}")
    return done.stdout


def worst_gradient(theirs, ours):
    theirs, ours = load_file(theirs), load_file(ours)
    if set(theirs) != set(ours):
        return float("inf")
    return max(((theirs[n] - ours[n]).norm() / theirs[n].norm()).item() for n in theirs)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainer", required=True)
    parser.add_argument("--steps", type=int, default=10)
    args = parser.parse_args()
    if not (SHARED / "parity_check.py").exists():
        print(f"LEFT OUT: {SHARED} is not here, and its judges with it")
        return
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        base = work / "m512"
        script("parity_gen.py", "--out", base)
        said = script("parity_ref.py", "--dir", base, "--steps", args.steps, "--dump-grads", work / "grads.safetensors",
                      "--save", work / "reference")
        expected = json.loads(said.strip().splitlines()[-1])["losses"]
        for precision, bound in BOUNDS.items():
            out = work / precision
            subprocess.run([args.trainer, "parity", "--dir", base, "--steps", str(args.steps), "--precision", precision,
                            "--out", out], check=True)
            losses = json.loads((out / "losses.json").read_text())
            apart = max(abs(x - y) for x, y in zip(expected, losses, strict=True))
            gradients = worst_gradient(work / "grads.safetensors", out / "grads.safetensors")
            print(f"m512 {precision}: losses within {apart:.1e}, first gradients within {gradients:.1e}", flush=True)
            if apart > bound or (precision == "f32" and gradients > 1e-4):
                sys.exit(1)
        script("parity_check.py", "--base", base, "--adapter", work / "f32" / "adapter", "--tokens",
               base / "data.safetensors", "--logits", work / "f32" / "logits.safetensors", "--ref-adapter",
               work / "reference", "--merge")


main()
