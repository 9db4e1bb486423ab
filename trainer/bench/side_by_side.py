#!/usr/bin/env python3
"""Our trainer beside PyTorch + peft: rounds in turn on the same cores, ratios of the rounds' medians.

Usage: side_by_side.py --trainer target/release/sealtune-trainer [--python PY] [--shape m512] [--rounds 3]
       [--precisions f32,bf16] [--baseline PATH]
The two run alternately, so that what else the machine does meets both. Prints one table in Markdown.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainer", required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--baseline", default=str(HERE / "baseline.py"))
    parser.add_argument("--shape", default="m512")
    parser.add_argument("--batch", default="4")
    parser.add_argument("--seq", default="256")
    parser.add_argument("--steps", default="5")
    parser.add_argument("--threads", default="2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precisions", default="f32,bf16")
    return parser.parse_args()


def run(command):
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def contestants(args, precision):
    common = ["--shape", args.shape, "--batch", args.batch, "--seq", args.seq, "--steps", args.steps,
              "--threads", args.threads]
    theirs = ["f32"] if precision == "f32" else ["bf16", "bf16-autocast"]
    yield "sealtune", [args.trainer, "bench", "--precision", precision, *common]
    for dtype in theirs:
        yield f"torch+peft {dtype}", [args.python, args.baseline, "--dtype", dtype, *common]


def compare(args, precision):
    rounds = []
    for _ in range(args.rounds):
        rounds.append({name: run(command) for name, command in contestants(args, precision)})
        print({n: round(r["tok_s"]) for n, r in rounds[-1].items()}, file=sys.stderr, flush=True)
    names = list(rounds[0])
    best = max(names[1:], key=lambda n: statistics.median(r[n]["tok_s"] for r in rounds))
    ratios = [r["sealtune"]["tok_s"] / r[best]["tok_s"] for r in rounds]
    for name in names:
        speed = [r[name]["tok_s"] for r in rounds]
        memory = max(r[name]["peak_rss_gb"] for r in rounds)
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})" if name == "sealtune" else ""
        print(f"| {args.shape} | {precision} | {name} | {statistics.median(speed):.0f} "
              f"({min(speed):.0f}-{max(speed):.0f}) | {memory:.2f} | {ratio} |")


def main():
    args = arguments()
    print("| shape | precision | engine | tokens/s, median (range) | peak GB | ratio, median (range) |")
    print("|---|---|---|---|---|---|")
    for precision in args.precisions.split(","):
        compare(args, precision)


main()
