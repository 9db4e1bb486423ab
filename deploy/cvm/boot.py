#!/usr/bin/env python3
"""Boots the development image without a TEE (QEMU, emulated), and tries what must not boot.

    deploy/cvm/boot.py IMAGE --attest FILE

IMAGE is a folder that `deploy/cvm/build --development` made. The node in it takes its evidence from the
simulated machine beside it. Nothing here needs root, and nothing but a port of loopback is opened.
"""

import argparse
import io
import pathlib
import re
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request

# An emulated processor makes the simulator's RSA-4096 keys; a busy machine takes its time.
BOOT_SECS = 420
REFUSAL_SECS = 180
# QEMU 7.2 emulates cmpxchg16b with a fault that a kernel of today runs into; without it the kernel does without.
CPU = "max,-cx16"
# What the simulated machine reports as its launch digest unless told otherwise.
SIMULATED_DIGEST = "51" * 48

CONFIG = """\
[state]
folder = '/var/lib/sealtune'
[log]
format = 'text'
filter = 'info'
[api]
listen = '0.0.0.0:7700'
[operator]
listen = '0.0.0.0:7701'
[device]
profile = 'development'
kind = 'simulated'
socket = '/run/sealtune/tee.sock'
development_root = '/run/sealtune/development-root.pem'
[chain]
urls = ['http://127.0.0.1:9']
chain_id = 31337
market = '0x0101010101010101010101010101010101010101'
wallet = '/run/given/wallet'
[breaker]
disk_free_bytes_min = 0
[offer]
url = 'http://127.0.0.1:7700'
price_per_token = '1 gwei'
[offer.models]
"""

# The ports of the configuration, as the kernel writes them.
LISTENS = {("tcp", "00000000:1E14"), ("tcp", "00000000:1E15")}

POLICY = f"""\
version = 1
assurance = ["development"]
[snp]
product_lines = ["Genoa"]
measurements = ["{SIMULATED_DIGEST}"]
"""


def config_disk(folder):
    """The archive that the host hands in, filled up to whole blocks."""
    network = "address 10.0.2.15/24\ngateway 10.0.2.2\nresolver 10.0.2.3\n"
    path = folder / "config.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, text in (("node.toml", CONFIG), ("wallet", "42" * 32), ("network", network)):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Machine:
    """One emulated machine; what it says goes to a file, because it may say much."""

    def __init__(self, folder, image, root=None, command_line=None):
        self.log = folder / f"{time.monotonic_ns()}.log"
        self.port = free_port()
        words = command_line or (image / "cmdline").read_text()
        disk = "file={},if=none,id={},format=raw,readonly=on"
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-machine", "q35", "-cpu", CPU, "-smp", "2", "-m", "1536",
             "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", f"file:{self.log}",
             "-kernel", image / "kernel", "-initrd", image / "initrd", "-append", words,
             "-drive", disk.format(root or image / "root.img", "root"), "-device", "virtio-blk-pci,drive=root,serial=sealtune-root",
             "-drive", disk.format(config_disk(folder), "given"), "-device", "virtio-blk-pci,drive=given,serial=sealtune-config",
             "-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:7701", "-device", "virtio-net-pci,netdev=net,romfile=",
             "-device", "virtio-rng-pci"],
            stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def said(self):
        return self.log.read_text(errors="replace").replace("\r", "") if self.log.exists() else ""

    def until(self, what, secs, condition):
        deadline = time.monotonic() + secs
        while True:
            found = condition()
            if found:
                return found
            ended = self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                why = "the machine ended" if ended else f"not within {secs} s"
                sys.exit(f"{self.said()[-6000:]}\nboot.py: {what}: {why}")
            time.sleep(0.5)

    def page(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return answer.read()
        except (urllib.error.URLError, OSError):
            return None


def listeners(said):
    """The last complete list of who listens."""
    lists = re.findall(r"init: who listens\n(.*?)init: that is all", said, re.S)
    return set(re.findall(r"init: listens (\w+) (\S+)", lists[-1])) if lists else set()


def verify(attest, folder, *more):
    judged = subprocess.run([attest, "verify", folder / "bundle.tar", "--policy", folder / "policy.toml", *more],
                            capture_output=True, text=True)
    return judged.returncode, judged.stdout


def boots_to_a_verified_bundle(folder, image, attest):
    began = time.monotonic()
    with Machine(folder, image) as machine:
        bundle = machine.until("evidence", BOOT_SECS, lambda: machine.page("/v1/attestation.tar"))
        took = time.monotonic() - began
        (folder / "bundle.tar").write_bytes(bundle)
        (folder / "policy.toml").write_text(POLICY)
        root = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", machine.said(), re.S)
        (folder / "root.pem").write_text(root.group(0))
        machine.until("the list of who listens", 60, lambda: LISTENS <= listeners(machine.said()))
        # A list that was begun after the door opened.
        lists = machine.said().count("init: that is all")
        machine.until("one more list", 60, lambda: machine.said().count("init: that is all") > lists + 1)
        heard = listeners(machine.said())
    assert heard == LISTENS, f"other sockets wait: {heard - LISTENS}"
    code, words = verify(attest, folder, "--development-root", folder / "root.pem")
    assert code == 0, f"its own root does not vouch for it:\n{words}"
    code, words = verify(attest, folder)
    assert code == 10 and "E_ROOT_UNTRUSTED" in words, f"without that root it must be refused:\n{words}"
    print(f"boots: evidence after {took:.0f} s; believed with the development root, E_ROOT_UNTRUSTED without; {len(heard)} sockets wait, both ours")


def refuses(folder, image, what, words, **changed):
    with Machine(folder, image, **changed) as machine:
        machine.until(what, REFUSAL_SECS, lambda: machine.process.poll() is not None or words in machine.said())
        said = machine.said()
    assert words in said, f"{what}: it did not say why\n{said[-3000:]}"
    assert "the development root" not in said and "sealtune_node" not in said, f"{what}: something of the root ran"
    print(f"refuses: {what}")


def with_a_flipped_bit(folder, image):
    """In the middle of the data, where no header is: only a check of every block finds it."""
    path = folder / "flipped.img"
    content = bytearray((image / "root.img").read_bytes())
    blocks = int(re.search(r"sealtune.blocks=(\d+)", (image / "cmdline").read_text()).group(1))
    content[blocks * 4096 * 3 // 4 + 17] ^= 1
    path.write_bytes(content)
    return path


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("image", type=pathlib.Path)
    words.add_argument("--attest", type=pathlib.Path, required=True, help="the verifier, sealtune-attest")
    given = words.parse_args()
    line = (given.image / "cmdline").read_text()
    bare = " ".join(word for word in line.split() if not word.startswith("sealtune.root="))
    other = re.sub(r"(sealtune\.root=)(.)", lambda m: m[1] + ("1" if m[2] == "0" else "0"), line)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        refuses(folder, given.image, "a command line without root hash", "names no root hash", command_line=bare)
        refuses(folder, given.image, "a command line with another root hash", "dm-verity device corrupted", command_line=other)
        refuses(folder, given.image, "one flipped bit in the root", "dm-verity device corrupted",
                root=with_a_flipped_bit(folder, given.image))
        boots_to_a_verified_bundle(folder, given.image, given.attest)


if __name__ == "__main__":
    main()
