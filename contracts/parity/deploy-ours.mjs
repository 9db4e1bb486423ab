// Ours, by the deploy tool itself, where the official client looks on chain 31337: what the
// originals need more transactions for is filled with empty ones, so that a client cannot tell
// the two chains apart by anything but behaviour.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ethers } from "ethers";
import { LOCK_TIME, PENALTY } from "./deploy-original.mjs";

const ROOT = new URL("../../", import.meta.url).pathname;

export function artefact(name) {
  return JSON.parse(readFileSync(new URL(`../artifacts/${name}.json`, import.meta.url), "utf8"));
}

export async function deployOurs({ rpc, signers }) {
  const folder = mkdtempSync(join(tmpdir(), "deploy-"));
  try {
    const key = join(folder, "key");
    const out = join(folder, "deployment.json");
    writeFileSync(key, signers.owner.privateKey, { mode: 0o600 });
    await tool(["--rpc", rpc._getConnection().url, "--key-file", key, "--out", out]);
    const { ledger, fineTuning } = JSON.parse(readFileSync(out, "utf8"));
    return { ledger: contract("Ledger", ledger, signers.owner), fineTuning: contract("FineTuning", fineTuning, signers.owner) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function tool(words) {
  const settings = ["--chain-id", "31337", "--sdk-addresses", "--lock-time", `${LOCK_TIME}`, "--penalty", `${PENALTY}`];
  const cargo = ["run", "--quiet", "--locked", "--package", "deploy", "--", "deploy", ...settings, ...words];
  return promisify(execFile)("cargo", cargo, { cwd: ROOT });
}

function contract(name, address, owner) {
  return new ethers.Contract(ethers.getAddress(address), artefact(name).abi, owner);
}
