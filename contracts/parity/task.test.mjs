// A task of 0G's own kind from the first deposit to the last withdrawal, with every wei accounted
// for: at the originals and at ours.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ethers } from "ethers";
import { startAnvil } from "./anvil.mjs";
import { deployOriginal, PENALTY } from "./deploy-original.mjs";
import { deployOurs } from "./deploy-ours.mjs";
import { service, STAKE } from "./scenarios.mjs";
import { Trial, wealth } from "./trial.mjs";

const E = 10n ** 18n;
const FT = "fine-tuning-v1.0";
// No round numbers: a rounding that favours somebody shows.
const FEE = 123_456_789_012_345_677n;
const SECOND_FEE = 98_765_432_109_876_541n;
const SHARE = (SECOND_FEE * BigInt(PENALTY)) / 100n;
const STANDS = { originals: deployOriginal, ours: deployOurs };

for (const [whose, deploy] of Object.entries(STANDS)) {
  test(`a task is delivered, acknowledged, settled and withdrawn at ${whose}`, async () => {
    const world = await startAnvil();
    try {
      await life(new Trial(world, await deploy(world)));
    } finally {
      world.stop();
    }
  });
}

async function life(t) {
  const does = async (...call) => assert.ok(await t.tx(...call), t.record.at(-1)?.reverted);
  const names = ["customer", "provider", "owner", "ledger", "fineTuning"];
  const before = await wealth(t, names);
  await does("provider", "fineTuning", "addOrUpdateService", service(t), STAKE);
  await does("owner", "fineTuning", "acknowledgeTEESignerByOwner", [t.at("provider")]);
  await does("customer", "ledger", "addLedger", ["hello"], 20n * E);
  await does("customer", "ledger", "transferFund", [t.at("provider"), FT, 5n * E + 1n]);
  assert.deepEqual(gained(before, await wealth(t, names)), { customer: -20n * E, provider: -STAKE, owner: 0n, ledger: 15n * E - 1n, fineTuning: STAKE + 5n * E + 1n });

  await does("provider", "fineTuning", "addDeliverable", [t.at("customer"), "task-1", ethers.id("root")]);
  await does("customer", "fineTuning", "acknowledgeDeliverable", [t.at("provider"), "task-1"]);
  const secret = ethers.hexlify(new Uint8Array(129).fill(7));
  await does("provider", "fineTuning", "settleFees", [await t.settlement({ encryptedSecret: secret, taskFee: FEE })]);

  // The second one she never acknowledges: the share, rounded down, and no more.
  await does("provider", "fineTuning", "addDeliverable", [t.at("customer"), "task-2", ethers.id("root")]);
  t.advance(86400);
  await does("provider", "fineTuning", "settleFees", [await t.settlement({ id: "task-2", nonce: 2n, taskFee: SECOND_FEE })]);

  const retrieve = () => does("customer", "ledger", "retrieveFund", [[t.at("provider")], FT]);
  await retrieve();
  t.advance(86400);
  await retrieve();
  const paid = FEE + SHARE;
  await does("customer", "ledger", "refund", [20n * E - paid]);
  assert.deepEqual(gained(before, await wealth(t, names)), { customer: -paid, provider: paid - STAKE, owner: 0n, ledger: 0n, fineTuning: STAKE });

  await does("provider", "fineTuning", "removeService");
  t.advance(7 * 86400);
  if (t.contracts.fineTuning.interface.hasFunction("withdrawBond")) await does("provider", "fineTuning", "withdrawBond");
  assert.deepEqual(gained(before, await wealth(t, names)), { customer: -paid, provider: paid, owner: 0n, ledger: 0n, fineTuning: 0n });
}

function gained(before, after) {
  return Object.fromEntries(Object.entries(after).map(([who, wei]) => [who, wei - before[who]]));
}
