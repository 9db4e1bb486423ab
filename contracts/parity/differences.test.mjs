// Where ours means to differ, told side by side: what the original does, and what ours does.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ethers } from "ethers";
import { startAnvil } from "./anvil.mjs";
import { deployOriginal } from "./deploy-original.mjs";
import { deployOurs } from "./deploy-ours.mjs";
import { open, service } from "./scenarios.mjs";
import { Trial } from "./trial.mjs";

const ROOT = ethers.id("root");
const worlds = [];

before(async () => {
  worlds.push(await startAnvil(), await startAnvil());
  const [old, own] = worlds;
  [old.contracts, own.contracts] = await Promise.all([deployOriginal(old), deployOurs(own)]);
});

after(() => worlds.forEach((world) => world.stop()));

differs("a provider may settle right after delivering", [true, /^AcknowledgementWindowOpen/], async (t) => {
  await open(t);
  await deliver(t, "task-1");
  return settle(t, {});
});

differs("one settlement without an acknowledgement locks the pair", [/^PreviousDeliverableNotAcknowledged/, true], async (t) => {
  await open(t);
  await deliver(t, "task-1");
  t.advance(86400 / 2);
  await settle(t, {});
  return deliver(t, "task-2");
});

differs("a rotated signer strands what was delivered", [/TEE signer not acknowledged/, true], async (t) => {
  await open(t);
  await deliver(t, "task-1");
  await acknowledge(t, "task-1");
  await t.tx("provider", "fineTuning", "addOrUpdateService", service(t, { signer: t.at("tee2") }));
  return settle(t, { encryptedSecret: "0x01" });
});

differs("a removed service strands what was delivered", [/^ServiceNotExist/, true], async (t) => {
  await open(t);
  await deliver(t, "task-1");
  await acknowledge(t, "task-1");
  await t.tx("provider", "fineTuning", "removeService");
  return settle(t, { encryptedSecret: "0x01" });
});

differs("the stake comes back at once", [-100n * 10n ** 18n, 0n], async (t) => {
  await open(t);
  await t.tx("provider", "fineTuning", "removeService");
  return t.record.at(-1).moved.fineTuning;
});

differs("nobody becomes the owner by mistake", [/Ownable: new owner is the zero address/, /^OwnerIsZero/], async (t) => {
  await t.tx("owner", "ledger", "transferOwnership", [ethers.ZeroAddress]);
  return outcome(t);
});

function differs(what, [original, ours], play) {
  test(what, async () => {
    const outcomes = await Promise.all(worlds.map((world) => played(world, play)));

    expected(outcomes[0], original);
    expected(outcomes[1], ours);
  });
}

function expected(actual, wanted) {
  if (wanted instanceof RegExp) assert.match(actual, wanted);
  else assert.equal(actual, wanted);
}

async function played(world, play) {
  const snapshot = await world.rpc.send("evm_snapshot", []);
  try {
    return await play(new Trial(world, world.contracts));
  } finally {
    await world.rpc.send("evm_revert", [snapshot]);
  }
}

async function deliver(t, id) {
  await t.tx("provider", "fineTuning", "addDeliverable", [t.at("customer"), id, ROOT]);
  return outcome(t);
}

async function acknowledge(t, id) {
  await t.tx("customer", "fineTuning", "acknowledgeDeliverable", [t.at("provider"), id]);
}

async function settle(t, fields) {
  await t.tx("provider", "fineTuning", "settleFees", [await t.settlement(fields)]);
  return outcome(t);
}

function outcome(t) {
  return t.record.at(-1).reverted ?? true;
}
