#!/usr/bin/env python3
"""The launch digests an image will have, for every machine it may be started as.

    deploy/cvm/measure.py IMAGE --firmware OVMF --attest FILE [--twice]

writes IMAGE/measurements.json (what was measured, and each digest with its parameters) and
IMAGE/policy.toml (the same digests as a verifier takes them). A firmware that cannot measure a kernel
is refused: the host could exchange kernel, initrd and command line under an equal digest. With --twice
every digest is calculated by AMD's community's sev-snp-measure (PyPI) as well, and must be equal.
"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys

VCPUS = [1, 2, 4, 8, 16, 32, 64]
VCPU_TYPES = ["EPYC-v4", "EPYC-Genoa", "EPYC-Turin"]
# SEV_FEATURES: plain, and with DebugSwap, which newer hosts switch on.
FEATURES = ["0x1", "0x21"]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def ours(attest, image, firmware, vcpus, kind, features):
    command = [attest, "measure", "--ovmf", firmware, "--kernel", image / "kernel", "--initrd", image / "initrd",
               "--cmdline", (image / "cmdline").read_text(), "--vcpus", str(vcpus), "--vcpu-type", kind, "--features", features]
    told = subprocess.run(command, capture_output=True, text=True)
    if told.returncode != 0:
        sys.exit(f"measure.py: {told.stderr.strip()}")
    return told.stdout.strip()


def theirs(image, firmware, vcpus, kind, features):
    from sevsnpmeasure import guest
    from sevsnpmeasure.sev_mode import SevMode
    from sevsnpmeasure.vcpu_types import CPU_SIGS

    # Told as a fault, not left out: what is not compared is not cross-checked.
    if kind not in CPU_SIGS:
        sys.exit(f"measure.py: sev-snp-measure does not know {kind}")
    digest = guest.calc_launch_digest(SevMode.SEV_SNP, vcpus, CPU_SIGS[kind], str(firmware), str(image / "kernel"),
                                      str(image / "initrd"), (image / "cmdline").read_text(), int(features, 16))
    return digest.hex()


def launches(given):
    for kind in VCPU_TYPES:
        for features in FEATURES:
            for vcpus in VCPUS:
                digest = ours(given.attest, given.image, given.firmware, vcpus, kind, features)
                if given.twice:
                    other = theirs(given.image, given.firmware, vcpus, kind, features)
                    if other != digest:
                        sys.exit(f"measure.py: {vcpus} x {kind}, features {features}: ours is {digest}, sev-snp-measure says {other}")
                yield {"vcpus": vcpus, "vcpu_type": kind, "features": features, "launch_digest": digest}


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("image", type=pathlib.Path)
    words.add_argument("--firmware", type=pathlib.Path, required=True)
    words.add_argument("--attest", type=pathlib.Path, required=True)
    words.add_argument("--twice", action="store_true")
    given = words.parse_args()

    found = list(launches(given))
    command_line = (given.image / "cmdline").read_text()
    inputs = (given.image / "inputs").read_text()
    measured = {
        "version": 1,
        "variant": inputs.split("\n", 1)[0].removeprefix("variant "),
        "command_line": command_line,
        "root_hash": command_line.split("sealtune.root=")[1].split()[0],
        "sha256": {name: sha256(given.image / name) for name in ("kernel", "initrd", "root.img")} | {"firmware": sha256(given.firmware)},
        "programs": dict(reversed(line.split()[1:]) for line in inputs.splitlines() if line.startswith("program ")),
        "launches": found,
    }
    (given.image / "measurements.json").write_text(json.dumps(measured, indent=1) + "\n")
    digests = "".join(f'    "{one["launch_digest"]}", # {one["vcpus"]} x {one["vcpu_type"]}, {one["features"]}\n' for one in found)
    policy = f'version = 1\nbinding = "transcript"\npurposes = ["boot", "challenge"]\n\n[snp]\nmeasurements = [\n{digests}]\n'
    (given.image / "policy.toml").write_text(policy)
    print(f"{len(found)} launch digests" + (", each equal to sev-snp-measure's" if given.twice else ""))


if __name__ == "__main__":
    main()
