// A signed order from the first deposit to the last withdrawal, with every wei accounted for.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ethers } from "ethers";
import { startAnvil } from "./anvil.mjs";
import { deployOurs } from "./deploy-ours.mjs";
import { service, STAKE } from "./scenarios.mjs";
import { Trial, wealth } from "./trial.mjs";

const E = 10n ** 18n;
const FT = "fine-tuning-v1.0";
const FEE = 123_456_789n;
const ORDER = {
  Order: [
    ["address", "customer"], ["address", "provider"], ["bytes32", "baseModel"], ["bytes32", "dataset"], ["bytes32", "recipe"],
    ["uint256", "feeMax"], ["uint64", "deadline"], ["uint256", "nonce"], ["bytes", "encryptionKey"], ["uint8", "tier"],
    ["uint64", "ackWindow"], ["uint16", "penaltyBps"], ["uint256", "compensation"], ["bool", "resumable"],
  ].map(([type, name]) => ({ type, name })),
};
let world;

before(async () => {
  world = await startAnvil();
  world.contracts = await deployOurs(world);
});

after(() => world.stop());

test("an order is opened, accepted, delivered, acknowledged, settled and withdrawn", async () => {
  const t = new Trial(world, world.contracts);
  const does = async (...call) => assert.ok(await t.tx(...call), t.record.at(-1)?.reverted);
  const names = ["customer", "provider", "stranger", "owner", "ledger", "fineTuning"];
  const before = await wealth(t, names);
  await does("provider", "fineTuning", "addOrUpdateService", service(t), STAKE);
  await does("owner", "fineTuning", "acknowledgeTEESignerByOwner", [t.at("provider")]);
  await does("customer", "ledger", "addLedger", ["hello"], 20n * E);
  await does("customer", "ledger", "transferFund", [t.at("provider"), FT, 5n * E]);

  const order = anOrder(t);
  const domain = { name: "sealtune", version: "1", chainId: 31337, verifyingContract: t.at("fineTuning") };
  const id = ethers.TypedDataEncoder.hash(domain, ORDER, order);
  const signature = await t.signers.customer.signTypedData(domain, ORDER, order);
  await does("stranger", "fineTuning", "openOrder", [order, signature]);
  await does("provider", "fineTuning", "acceptOrder", [id]);
  await does("provider", "fineTuning", "addDeliverable", [t.at("customer"), id, ethers.id("root")]);
  await does("customer", "fineTuning", "acknowledgeDeliverable", [t.at("provider"), id]);
  const secret = ethers.hexlify(new Uint8Array(129).fill(7));
  const input = await t.settlement({ id, encryptedSecret: secret, taskFee: FEE });
  await does("provider", "fineTuning", "settleFees", [input]);
  assert.equal((await t.contracts.fineTuning.getOrder(id)).state, 4n);

  const retrieve = () => does("customer", "ledger", "retrieveFund", [[t.at("provider")], FT]);
  await retrieve();
  t.advance(86400);
  await retrieve();
  await does("customer", "ledger", "refund", [20n * E - FEE]);
  await does("provider", "fineTuning", "removeService");
  t.advance(7 * 86400);
  await does("provider", "fineTuning", "withdrawBond");

  const gained = Object.entries(await wealth(t, names)).map(([who, wei]) => [who, wei - before[who]]);
  assert.deepEqual(Object.fromEntries(gained), { customer: -FEE, provider: FEE, stranger: 0n, owner: 0n, ledger: 0n, fineTuning: 0n });
  console.table(t.gas.map(({ method, gas }) => ({ call: method, gas: Number(gas) })));
});

function anOrder(t) {
  return {
    customer: t.at("customer"),
    provider: t.at("provider"),
    baseModel: ethers.id("model"),
    dataset: ethers.id("dataset"),
    recipe: ethers.id("recipe"),
    feeMax: E,
    deadline: t.clock + 3600,
    nonce: 1n,
    encryptionKey: t.signers.customer.publicKey,
    tier: 1,
    ackWindow: 3600,
    penaltyBps: 2000,
    compensation: 3n * E,
    resumable: false,
  };
}
