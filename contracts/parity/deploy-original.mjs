// The originals behind their beacon proxies, in the order that puts them on the addresses
// that the official client expects on chain 31337.
import { ethers } from "ethers";
import * as original from "./original.mjs";

export const LOCK_TIME = 86400;
export const PENALTY = 30;

export async function deployOriginal({ signers }) {
  const owner = signers.owner;
  const ledger = await proxied(original.ledger, owner);
  await sent(ledger.initialize(owner.address));
  const inference = await proxied(original.inference, owner);
  await sent(inference.initialize(LOCK_TIME, ledger.target, owner.address));
  await sent(ledger.registerService("inference", "v1.0", inference.target, "inference"));
  await sent(ledger.setRecommendedService("inference", "v1.0"));
  const fineTuning = await proxied(original.fineTuning, owner);
  await sent(fineTuning.initialize(LOCK_TIME, ledger.target, owner.address, PENALTY));
  await sent(ledger.registerService("fine-tuning", "v1.0", fineTuning.target, "fine-tuning"));
  await sent(ledger.setRecommendedService("fine-tuning", "v1.0"));
  return { ledger, fineTuning };
}

async function proxied(artefact, owner) {
  const implementation = await deployed(artefact, owner);
  const beacon = await deployed(original.beacon, owner, implementation.target);
  const proxy = await deployed(original.beaconProxy, owner, beacon.target, "0x");
  return new ethers.Contract(proxy.target, artefact.abi, owner);
}

async function deployed({ abi, bytecode }, owner, ...args) {
  const contract = await new ethers.ContractFactory(abi, bytecode, owner).deploy(...args);
  await contract.deploymentTransaction().wait();
  return contract;
}

export async function sent(transaction) {
  return (await transaction).wait();
}
