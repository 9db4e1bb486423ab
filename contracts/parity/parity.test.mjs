// The originals and ours do the same: same refusals, same events, same answers, same money moved.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ethers } from "ethers";
import { startAnvil } from "./anvil.mjs";
import { deployOriginal } from "./deploy-original.mjs";
import { artefact, deployOurs } from "./deploy-ours.mjs";
import * as original from "./original.mjs";
import { scenarios } from "./scenarios.mjs";
import { Trial } from "./trial.mjs";

const worlds = {};

before(async () => {
  const [old, own] = await Promise.all([startAnvil(), startAnvil()]);
  Object.assign(worlds, { old, own });
  [old.contracts, own.contracts] = await Promise.all([deployOriginal(old), deployOurs(own)]);
});

after(() => Object.values(worlds).forEach((world) => world.stop()));

test("both stand where the official client looks for them", () => {
  for (const { contracts } of Object.values(worlds)) {
    assert.equal(contracts.ledger.target, "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0");
    assert.equal(contracts.fineTuning.target, "0xA51c1fc2f0D1a1b8494Ed1FE312d7C3a78Ed91C0");
  }
});

test("our interface is a superset of the original's", () => {
  for (const [theirs, ours] of [[original.ledger, "Ledger"], [original.fineTuning, "FineTuning"]]) {
    const known = shapes(artefact(ours).abi);

    const missing = [...shapes(theirs.abi)].filter((shape) => !known.has(shape));

    assert.deepEqual(missing, []);
  }
});

for (const [name, scenario] of Object.entries(scenarios)) {
  test(name, async () => {
    const [theirs, ours] = await Promise.all([played(worlds.old, scenario), played(worlds.own, scenario)]);

    assert.ok(theirs.length > 0);
    assert.deepEqual(ours, theirs);
  });
}

async function played(world, scenario) {
  const snapshot = await world.rpc.send("evm_snapshot", []);
  const trial = new Trial(world, world.contracts);
  try {
    await scenario(trial);
  } finally {
    await world.rpc.send("evm_revert", [snapshot]);
  }
  return trial.record;
}

/** What a caller sees of an interface: names of parameters aside. */
function shapes(abi) {
  const { fragments } = new ethers.Interface(abi.filter(({ type }) => !["constructor", "receive", "fallback"].includes(type)));
  return new Set(fragments.map((fragment) => `${fragment.format("sighash")} ${fragment.type} ${fragment.stateMutability ?? ""} ${outputs(fragment)}`));
}

function outputs(fragment) {
  const types = (fragment.outputs ?? fragment.inputs).map((type) => type.format("sighash") + (type.indexed ? " indexed" : ""));
  return types.join();
}
