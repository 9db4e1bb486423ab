#!/usr/bin/env python3
"""What is in an image, as CycloneDX 1.5: Debian's packages, and the crates in our programs.

    deploy/cvm/sbom.py IMAGE

reads packages.lock, Cargo.lock and what cargo says of the two programs, and writes IMAGE/sbom.cdx.json.
The same image has the same text: the serial number follows from the content, the time is SOURCE_DATE_EPOCH.
"""

import datetime
import hashlib
import json
import pathlib
import subprocess
import sys
import tomllib
import uuid

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAMS = ["node", "trainer"]


def debian():
    for line in (HERE / "packages.lock").read_text().splitlines():
        if line.startswith("#"):
            continue
        name, version, digest, _path = line.split()
        yield {
            "type": "library",
            "bom-ref": f"deb/{name}",
            "name": name,
            "version": version,
            "purl": f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch=amd64&distro=trixie",
            "hashes": [{"alg": "SHA-256", "content": digest}],
        }


def crates():
    """Normal dependencies alone: what builds or tests the programs is not in them."""
    lock = {(p["name"], p["version"]): p for p in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
    command = ["cargo", "tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}|{l}"]
    for program in PROGRAMS:
        command += ["--package", program]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for line in sorted(set(told.replace(" (*)", "").splitlines())):
        package, _, licence = line.partition("|")
        if not package.strip() or "(proc-macro)" in package:
            continue
        name, version = package.split()[:2]
        version = version.removeprefix("v")
        known = lock[(name, version)]
        one = {"type": "library", "bom-ref": f"cargo/{name}/{version}", "name": name, "version": version}
        if "checksum" in known:
            one["purl"] = f"pkg:cargo/{name}@{version}"
            one["hashes"] = [{"alg": "SHA-256", "content": known["checksum"]}]
        if licence:
            one["licenses"] = [{"expression": licence.replace("/", " OR ")}]
        yield one


def main():
    image = pathlib.Path(sys.argv[1])
    inputs = (image / "inputs").read_text().splitlines()
    epoch = next(int(line.split()[1]) for line in inputs if line.startswith("epoch "))
    programs = [
        {"type": "application", "bom-ref": f"program/{name}", "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}
        for _, digest, name in (line.split() for line in inputs if line.startswith("program "))
    ]
    components = programs + list(debian()) + list(crates())
    digest = hashlib.sha256(json.dumps(components, sort_keys=True).encode()).digest()
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=4)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(epoch, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "operating-system", "bom-ref": "image", "name": "sealtune confidential VM"},
        },
        "components": components,
    }
    (image / "sbom.cdx.json").write_text(json.dumps(bill, indent=1) + "\n")
    print(f"{len(components)} components")


if __name__ == "__main__":
    main()
