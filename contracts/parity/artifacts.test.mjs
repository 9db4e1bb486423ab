// What is committed for the Rust side is what the sources build.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { artefact } from "./deploy-ours.mjs";

const LIMIT = 24_576;

test("the committed artefacts are current", () => {
  const script = new URL("../tools/artifacts.mjs", import.meta.url).pathname;

  const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });

  assert.equal(stderr, "");
  assert.equal(status, 0);
});

test("every contract fits the chain", () => {
  for (const name of ["Ledger", "FineTuning"]) {
    const bytes = (artefact(name).deployedBytecode.length - 2) / 2;

    assert.ok(bytes > 1000 && bytes <= LIMIT, `${name} has ${bytes} bytes`);
  }
});
