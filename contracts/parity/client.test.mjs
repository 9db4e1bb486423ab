// 0G's official client, unchanged, with our contracts where it looks for its own.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { startAnvil } from "./anvil.mjs";
import { deployOurs } from "./deploy-ours.mjs";
import { service, STAKE } from "./scenarios.mjs";
import { Trial } from "./trial.mjs";

// The client asks for its own kind of wallet: the one of the other module system.
const require = createRequire(import.meta.url);
const { createZGComputeNetworkBroker } = require("@0gfoundation/0g-compute-ts-sdk");
const { ethers } = require("ethers");
const E = 10n ** 18n;
let world;

before(async () => {
  world = await startAnvil();
  world.contracts = await deployOurs(world);
});

after(() => world.stop());

test("a customer of 0G's client pays for a task and gets the rest back", async () => {
  const t = new Trial(world, world.contracts);
  const provider = t.at("provider");
  await t.tx("provider", "fineTuning", "addOrUpdateService", service(t), STAKE);
  await t.tx("owner", "fineTuning", "acknowledgeTEESignerByOwner", [provider]);
  const wallet = new ethers.Wallet(t.signers.customer.privateKey, world.rpc);
  const client = await createZGComputeNetworkBroker(wallet);

  await client.ledger.addLedger(10);
  await client.ledger.transferFund(provider, "fine-tuning", 2n * E);
  const [offered] = await client.fineTuning.listService();
  assert.equal(offered.provider, provider);
  assert.equal(offered.teeSignerAcknowledged, true);

  // The client's own transactions have moved the clock.
  t.advance(100);
  await t.tx("provider", "fineTuning", "addDeliverable", [t.at("customer"), "task-1", ethers.id("root")]);
  await client.fineTuning.acknowledgeDeliverable(provider, "task-1");
  t.advance(100);
  await t.tx("provider", "fineTuning", "settleFees", [await t.settlement({ encryptedSecret: "0x01", taskFee: E })]);
  assert.equal((await client.fineTuning.getAccount(provider)).balance, E);
  assert.deepEqual(await client.ledger.getProvidersWithBalance("fine-tuning"), [[provider, E, 0n]]);

  await client.ledger.retrieveFund("fine-tuning");
  await world.rpc.send("evm_setNextBlockTimestamp", [t.clock + 2 * 86400]);
  await client.ledger.retrieveFund("fine-tuning");
  const left = () => t.contracts.ledger.getLedger(t.at("customer"));
  assert.equal((await left()).availableBalance, 9n * E);
  await client.ledger.refund(9);
  await assert.rejects(left(), /LedgerNotExists/);
});
