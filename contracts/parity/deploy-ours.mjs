// Ours, on the same addresses: what the originals need more transactions for is filled with
// empty ones, so that a client cannot tell the two chains apart by anything but behaviour.
import { readFileSync } from "node:fs";
import { ethers } from "ethers";
import { LOCK_TIME, PENALTY, sent } from "./deploy-original.mjs";

const LEDGER_NONCE = 2;
const INFERENCE_NONCE = 6;
const FINE_TUNING_NONCE = 12;

export function artefact(name) {
  return JSON.parse(readFileSync(new URL(`../artifacts/${name}.json`, import.meta.url), "utf8"));
}

export async function deployOurs({ signers }) {
  const owner = signers.owner;
  await idleUntil(owner, LEDGER_NONCE);
  const ledger = await deployed(artefact("Ledger"), owner, owner.address);
  await standIn(owner, ledger);
  await idleUntil(owner, FINE_TUNING_NONCE);
  const fineTuning = await deployed(artefact("FineTuning"), owner, ledger.target, LOCK_TIME, PENALTY, owner.address);
  await idleUntil(owner, FINE_TUNING_NONCE + 2);
  await sent(ledger.registerService("fine-tuning", "v1.0", fineTuning.target, "fine-tuning"));
  await sent(ledger.setRecommendedService("fine-tuning", "v1.0"));
  return { ledger, fineTuning };
}

/** 0G's client asks the ledger for the providers of an inference service and stops if there is none:
 *  an empty market stands where it looks. */
async function standIn(owner, ledger) {
  await idleUntil(owner, INFERENCE_NONCE);
  const inference = await deployed(artefact("FineTuning"), owner, ledger.target, LOCK_TIME, PENALTY, owner.address);
  await idleUntil(owner, INFERENCE_NONCE + 2);
  await sent(ledger.registerService("inference", "v1.0", inference.target, "inference"));
  await sent(ledger.setRecommendedService("inference", "v1.0"));
}

async function idleUntil(owner, nonce) {
  while ((await owner.getNonce()) < nonce) {
    await sent(owner.sendTransaction({ to: owner.address }));
  }
}

async function deployed({ abi, bytecode }, owner, ...args) {
  const contract = await new ethers.ContractFactory(abi, bytecode, owner).deploy(...args);
  await contract.deploymentTransaction().wait();
  return contract;
}
