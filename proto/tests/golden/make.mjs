// Writes order-digests.json: orders at the edges of every field, with their EIP-712
// digests as ethers computes them. Run with: npm ci && npm run make
import { TypedDataEncoder, Wallet } from "ethers";
import { writeFileSync } from "node:fs";

const types = {
  Order: [
    ["address", "customer"], ["address", "provider"], ["bytes32", "baseModel"],
    ["bytes32", "dataset"], ["bytes32", "recipe"], ["uint256", "feeMax"],
    ["uint64", "deadline"], ["uint256", "nonce"], ["bytes", "encryptionKey"],
    ["uint8", "tier"], ["uint64", "ackWindow"], ["uint16", "penaltyBps"],
    ["uint256", "compensation"], ["bool", "resumable"],
  ].map(([type, name]) => ({ type, name })),
};
const permitTypes = {
  Permit: [
    ["address", "customer"], ["uint8", "action"], ["bytes32", "task"], ["uint64", "expires"],
  ].map(([type, name]) => ({ type, name })),
};

// Made for this file; never a key of anybody's.
const wallet = new Wallet("0x" + "5e".repeat(32));
const word = (byte) => "0x" + byte.repeat(32);
const max = (bits) => ((1n << BigInt(bits)) - 1n).toString();

const plain = {
  chainId: "16602",
  contract: "0x" + "c0".repeat(20),
  customer: wallet.address.toLowerCase(),
  provider: "0x" + "b1".repeat(20),
  baseModel: word("0a"),
  dataset: word("0b"),
  recipe: word("0c"),
  feeMax: "1000000000000000000",
  deadline: "1800000000",
  nonce: "7",
  encryptionKey: "0x02" + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
  tier: 1,
  ackWindow: "86400",
  penaltyBps: 3000,
  compensation: "500000000000000000",
  resumable: true,
};

const zero = {
  ...plain,
  chainId: "0",
  contract: "0x" + "00".repeat(20),
  customer: "0x" + "00".repeat(20),
  provider: "0x" + "00".repeat(20),
  baseModel: word("00"), dataset: word("00"), recipe: word("00"),
  feeMax: "0", deadline: "0", nonce: "0",
  encryptionKey: word("00"),
  tier: 0, ackWindow: "0", penaltyBps: 0, compensation: "0", resumable: false,
};

const largest = {
  chainId: max(64),
  contract: "0x" + "ff".repeat(20),
  customer: "0x" + "ff".repeat(20),
  provider: "0x" + "ff".repeat(20),
  baseModel: word("ff"), dataset: word("ff"), recipe: word("ff"),
  feeMax: max(256), deadline: max(64), nonce: max(256),
  encryptionKey: "0x03" + "ff".repeat(32),
  tier: 2, ackWindow: max(64), penaltyBps: 65535, compensation: max(256), resumable: true,
};

const orders = {
  plain,
  zero,
  largest,
  "any provider": { ...plain, provider: "0x" + "00".repeat(20) },
  "another chain": { ...plain, chainId: "31337" },
  "another contract": { ...plain, contract: "0x" + "c1".repeat(20) },
  "another customer": { ...plain, customer: "0x" + "a1".repeat(20) },
  "another provider": { ...plain, provider: "0x" + "b2".repeat(20) },
  "another base model": { ...plain, baseModel: word("1a") },
  "another dataset": { ...plain, dataset: word("1b") },
  "another recipe": { ...plain, recipe: word("1c") },
  "one wei more": { ...plain, feeMax: "1000000000000000001" },
  "the largest fee": { ...plain, feeMax: max(256) },
  "one second later": { ...plain, deadline: "1800000001" },
  "a large deadline": { ...plain, deadline: max(64) },
  "the next nonce": { ...plain, nonce: "8" },
  "a large nonce": { ...plain, nonce: max(256) },
  "an odd key": { ...plain, encryptionKey: plain.encryptionKey.replace("0x02", "0x03") },
  "an x25519 key": { ...plain, encryptionKey: word("2d") },
  "development tier": { ...plain, tier: 0 },
  "the highest tier": { ...plain, tier: 2 },
  "no window": { ...plain, ackWindow: "0" },
  "no penalty": { ...plain, penaltyBps: 0 },
  "the whole as penalty": { ...plain, penaltyBps: 10000 },
  "no compensation": { ...plain, compensation: "0" },
  "not resumable": { ...plain, resumable: false },
};

const domain = (chainId, verifyingContract) => ({
  name: "sealtune", version: "1", chainId: BigInt(chainId), verifyingContract,
});

const sign = (domain, types, value) => ({
  digest: TypedDataEncoder.hash(domain, types, value),
  signature: wallet.signingKey.sign(TypedDataEncoder.hash(domain, types, value)).serialized,
});

const vectors = Object.entries(orders).map(([name, order]) => {
  const { chainId, contract, ...message } = order;
  return { name, order, ...sign(domain(chainId, contract), types, message) };
});

const permits = [
  { customer: plain.customer, action: 1, task: word("00"), expires: "1800000000" },
  { customer: plain.customer, action: 2, task: word("7a"), expires: "0" },
  { customer: plain.customer, action: 3, task: word("ff"), expires: max(64) },
].map((permit) => ({
  permit,
  ...sign(domain(plain.chainId, plain.contract), permitTypes, permit),
}));

const file = {
  madeBy: "make.mjs with ethers 6",
  typeString: TypedDataEncoder.from(types).encodeType("Order"),
  permitTypeString: TypedDataEncoder.from(permitTypes).encodeType("Permit"),
  signer: wallet.address.toLowerCase(),
  permitDomain: { chainId: plain.chainId, contract: plain.contract },
  orders: vectors,
  permits,
};
writeFileSync(new URL("order-digests.json", import.meta.url), JSON.stringify(file, null, 1) + "\n");
