// What each call costs, on the originals and on ours, in one run.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ethers } from "ethers";
import { startAnvil } from "./anvil.mjs";
import { deployOriginal } from "./deploy-original.mjs";
import { deployOurs } from "./deploy-ours.mjs";
import { fund, service, STAKE } from "./scenarios.mjs";
import { Trial } from "./trial.mjs";

const SECRET = ethers.hexlify(new Uint8Array(129).fill(7));
const worlds = [];

before(async () => {
  worlds.push(await startAnvil(), await startAnvil());
  const [old, own] = worlds;
  [old.contracts, own.contracts] = await Promise.all([deployOriginal(old), deployOurs(own)]);
});

after(() => worlds.forEach((world) => world.stop()));

test("a settled task costs no more than with the originals", async () => {
  const [theirs, ours] = await Promise.all(worlds.map(async (world) => life(new Trial(world, world.contracts))));

  const rows = theirs.map(({ name, gas }, i) => ({ call: name, original: Number(gas), ours: Number(ours[i].gas) }));
  console.table(rows.map((row) => ({ ...row, ratio: (row.ours / row.original).toFixed(2) })));
  assert.equal(rows.length, 25);
  // Registering, once, writes down the bond's terms and the signer's: that is dearer, and nothing else is.
  const dearer = rows.filter((row) => row.ours > row.original).map((row) => row.call);
  assert.deepEqual(dearer, ["addOrUpdateService, first"]);
});

/** Three tasks from the first deposit to the last withdrawal. */
async function life(t) {
  const [p, c] = [t.at("provider"), t.at("customer")];
  const named = [];
  const step = async (name, work) => {
    const count = t.gas.length;
    await work();
    assert.ok(t.gas.length > count, `${name}: ${t.record.at(-1).reverted}`);
    named.push({ name, gas: t.gas.at(-1).gas });
  };
  await step("addOrUpdateService, first", () => t.tx("provider", "fineTuning", "addOrUpdateService", service(t), STAKE));
  await step("acknowledgeTEESignerByOwner", () => t.tx("owner", "fineTuning", "acknowledgeTEESignerByOwner", [p]));
  await step("addOrUpdateService, occupied", () => t.tx("provider", "fineTuning", "addOrUpdateService", service(t, { occupied: true })));
  await step("transferFund, first", () => fund(t));
  for (let i = 1; i <= 3; i++) {
    const id = `6b607314-88b0-4fef-91e7-43227a54de5${i}`;
    await step(`task ${i}: addDeliverable`, () => t.tx("provider", "fineTuning", "addDeliverable", [c, id, ethers.id("root")]));
    await step(`task ${i}: acknowledgeDeliverable`, () => t.tx("customer", "fineTuning", "acknowledgeDeliverable", [p, id]));
    const input = await t.settlement({ id, encryptedSecret: SECRET, nonce: BigInt(i) });
    await step(`task ${i}: settleFees`, () => t.tx("provider", "fineTuning", "settleFees", [input]));
  }
  const FT = "fine-tuning-v1.0";
  await step("retrieveFund, asking", () => t.tx("customer", "ledger", "retrieveFund", [[p], FT]));
  await step("transferFund, taking it back", () => t.tx("customer", "ledger", "transferFund", [p, FT, 10n ** 18n]));
  await step("transferFund, more", () => t.tx("customer", "ledger", "transferFund", [p, FT, 5n * 10n ** 18n]));
  await step("task 4: addDeliverable", () => t.tx("provider", "fineTuning", "addDeliverable", [c, "task-4", ethers.id("root")]));
  t.advance(86400 / 2 + 1);
  const input = await t.settlement({ id: "task-4", nonce: 4n });
  await step("task 4: settleFees, unacknowledged", () => t.tx("provider", "fineTuning", "settleFees", [input]));
  await step("retrieveFund, asking again", () => t.tx("customer", "ledger", "retrieveFund", [[p], FT]));
  t.advance(86400);
  await step("retrieveFund, paid", () => t.tx("customer", "ledger", "retrieveFund", [[p], FT]));
  await step("depositFund", () => t.tx("customer", "ledger", "depositFund", [], 1n));
  await step("refund", () => t.tx("customer", "ledger", "refund", [1n]));
  await step("updateAdditionalInfo", () => t.tx("customer", "ledger", "updateAdditionalInfo", ["x"]));
  await step("addLedger", () => t.tx("customer2", "ledger", "addLedger", ["hello"], 3n * 10n ** 18n));
  await step("refund, the end", () => t.tx("customer2", "ledger", "refund", [3n * 10n ** 18n]));
  return named;
}
