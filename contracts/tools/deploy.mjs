#!/usr/bin/env node
// Deploys the ledger and the market to any chain, and compares what stands there with the build.
//
//   deploy.mjs deploy --rpc URL --key-file FILE --chain-id N [--password-file FILE] [--owner ADDRESS]
//                     [--lock-time SECONDS] [--penalty PERCENT] [--sdk-addresses] [--out deployment.json]
//   deploy.mjs verify --rpc URL [--deployment deployment.json]
//
// With --sdk-addresses the first account of a fresh local chain puts both where 0G's client looks.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ethers } from "ethers";

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    rpc: { type: "string" },
    "chain-id": { type: "string" },
    "key-file": { type: "string" },
    "password-file": { type: "string" },
    owner: { type: "string" },
    "lock-time": { type: "string", default: "86400" },
    penalty: { type: "string", default: "30" },
    "sdk-addresses": { type: "boolean", default: false },
    out: { type: "string", default: "deployment.json" },
    deployment: { type: "string", default: "deployment.json" },
  },
});

class Refusal extends Error {}

const SDK_NONCES = { ledger: 2, fineTuning: 12 };

try {
  const commands = { deploy, verify };
  const command = commands[positionals[0]];
  if (!command || !options.rpc) throw new Refusal("usage: deploy.mjs deploy|verify --rpc URL … (see the head of this file)");
  await command(new ethers.JsonRpcProvider(options.rpc, undefined, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 250 }));
} catch (error) {
  process.stderr.write(`${error instanceof Refusal ? error.message : (error.shortMessage ?? error.message)}\n`);
  process.exitCode = 1;
}
process.exit();

async function deploy(rpc) {
  const chainId = await agreedChain(rpc);
  const wallet = (await key()).connect(rpc);
  if ((await rpc.getBalance(wallet.address)) === 0n) throw new Refusal(`the wallet ${wallet.address} is empty`);
  const owner = options.owner ?? wallet.address;
  const settings = [options["lock-time"], options.penalty];

  if (options["sdk-addresses"]) await idleUntil(wallet, SDK_NONCES.ledger);
  const ledger = await deployed(wallet, "Ledger", wallet.address);
  if (options["sdk-addresses"]) await idleUntil(wallet, SDK_NONCES.fineTuning);
  const fineTuning = await deployed(wallet, "FineTuning", ledger.target, ...settings, owner);
  await done(ledger.registerService("fine-tuning", "v1.0", fineTuning.target, "fine-tuning"));
  await done(ledger.setRecommendedService("fine-tuning", "v1.0"));
  if (owner !== wallet.address) await done(ledger.transferOwnership(owner));

  const views = ethers.getCreateAddress({ from: fineTuning.target, nonce: 1 });
  const addresses = { ledger: ledger.target, fineTuning: fineTuning.target, views };
  const deployment = {
    chainId,
    block: (await ledger.deploymentTransaction().wait()).blockNumber,
    owner,
    lockTime: Number(settings[0]),
    penaltyPercentage: Number(settings[1]),
    ...addresses,
    codeHashes: await codeHashes(rpc, addresses),
  };
  writeFileSync(options.out, `${JSON.stringify(deployment, null, 2)}\n`);
  await compare(rpc, deployment);
  process.stdout.write(`deployed to chain ${chainId}: ledger ${ledger.target}, market ${fineTuning.target}\n`);
}

async function verify(rpc) {
  const deployment = JSON.parse(readFileSync(options.deployment, "utf8"));
  options["chain-id"] = String(deployment.chainId);
  await agreedChain(rpc);
  await compare(rpc, deployment);
  process.stdout.write("what stands there is what the sources build\n");
}

async function compare(rpc, { ledger, fineTuning, views, codeHashes: recorded }) {
  await compareCode(rpc, ledger, "Ledger", []);
  await compareCode(rpc, fineTuning, "FineTuning", [ledger, views]);
  await compareCode(rpc, views, "Views", []);
  const found = await codeHashes(rpc, { ledger, fineTuning, views });
  for (const [name, hash] of Object.entries(recorded)) {
    if (found[name] !== hash) throw new Refusal(`the code hash of ${name} is ${found[name]}, the file says ${hash}`);
  }
}

/** The build's code with the addresses that the constructor has set, compared byte for byte. */
async function compareCode(rpc, address, name, immutables) {
  const code = await rpc.getCode(address);
  if (code === "0x") throw new Refusal(`there is no contract at ${address} (${name})`);
  const { deployedBytecode, immutableReferences } = artefact(name);
  const wanted = ethers.getBytes(deployedBytecode);
  const actual = ethers.getBytes(code);
  if (actual.length !== wanted.length) throw new Refusal(`the code of ${name} at ${address} is not this build's`);
  const set = new Set();
  for (const { start, length } of Object.values(immutableReferences).flat()) {
    const value = actual.slice(start, start + length);
    set.add(ethers.getAddress(ethers.hexlify(value.slice(-20))));
    wanted.set(value, start);
  }
  const same = ethers.hexlify(wanted) === code && [...set].sort().join() === [...immutables].sort().join();
  if (!same) throw new Refusal(`the code of ${name} at ${address} is not this build's`);
}

async function codeHashes(rpc, addresses) {
  const entries = Object.entries(addresses).map(async ([name, address]) => [name, ethers.keccak256(await rpc.getCode(address))]);
  return Object.fromEntries(await Promise.all(entries));
}

async function agreedChain(rpc) {
  const { chainId } = await rpc.getNetwork().catch(() => {
    throw new Refusal(`no chain answers at ${options.rpc}`);
  });
  const wanted = options["chain-id"];
  if (!wanted) throw new Refusal("say the chain with --chain-id");
  if (chainId !== BigInt(wanted)) throw new Refusal(`the RPC serves chain ${chainId}, not ${wanted}`);
  return Number(chainId);
}

/** The deployer's key: raw hex, or a keystore with its password in a file. Never an argument. */
async function key() {
  const file = options["key-file"];
  if (!file) throw new Refusal("say the key with --key-file");
  const { mode } = statSync(file, { throwIfNoEntry: false }) ?? {};
  if (mode === undefined) throw new Refusal(`there is no key file ${file}`);
  if (mode & 0o077) throw new Refusal(`the key file ${file} can be read by others: chmod 600 it`);
  const text = readFileSync(file, "utf8").trim();
  try {
    if (!text.startsWith("{")) return new ethers.Wallet(text.startsWith("0x") ? text : `0x${text}`);
    return await ethers.Wallet.fromEncryptedJson(text, readFileSync(options["password-file"], "utf8").trim());
  } catch {
    // The cause may quote the key.
    throw new Refusal(`the key file ${file} holds neither a hex key nor a keystore that its password opens`);
  }
}

async function deployed(wallet, name, ...args) {
  const { abi, bytecode } = artefact(name);
  const contract = await new ethers.ContractFactory(abi, bytecode, wallet).deploy(...args);
  await contract.deploymentTransaction().wait();
  return contract;
}

async function idleUntil(wallet, nonce) {
  const now = await wallet.getNonce();
  if (now > nonce) throw new Refusal(`the wallet has sent ${now} transactions: the SDK's addresses need a fresh one`);
  for (let i = now; i < nonce; i++) await done(wallet.sendTransaction({ to: wallet.address }));
}

async function done(transaction) {
  await (await transaction).wait();
}

function artefact(name) {
  return JSON.parse(readFileSync(new URL(`../artifacts/${name}.json`, import.meta.url), "utf8"));
}
