// The deploy tool, as an operator meets it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startAnvil } from "./anvil.mjs";

const TOOL = new URL("../tools/deploy.mjs", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "deploy-"));
const file = (name) => join(folder, name);
let world;

before(async () => {
  world = await startAnvil();
  keyFile("key", world.signers.owner.privateKey);
  keyFile("empty", `0x${"11".repeat(32)}`);
  keyFile("bad", "not a key");
  writeFileSync(file("open"), world.signers.owner.privateKey, { mode: 0o644 });
});

after(() => {
  world.stop();
  rmSync(folder, { recursive: true });
});

const refusals = [
  ["no key file", ["--key-file", file("none")], /^there is no key file/],
  ["a key that is none", ["--key-file", file("bad")], /holds neither a hex key nor a keystore/],
  ["a key others can read", ["--key-file", file("open")], /can be read by others/],
  ["an empty wallet", ["--key-file", file("empty")], /^the wallet 0x\w+ is empty/],
  ["another chain", ["--key-file", file("key"), "--chain-id", "1"], /^the RPC serves chain 31337, not 1/],
];

for (const [what, args, line] of refusals) {
  test(`${what} is refused in one line`, async () => {
    const { code, stderr } = await tool("deploy", ["--chain-id", "31337", ...args]);

    assert.equal(code, 1);
    assert.match(stderr, line);
    assert.equal(stderr.trim().split("\n").length, 1);
  });
}

test("what was deployed stands where the client looks, and is verified", async () => {
  const deployed = await tool("deploy", ["--chain-id", "31337", "--key-file", file("key"), "--sdk-addresses", "--out", file("d.json")]);
  assert.equal(deployed.stderr, "");

  const deployment = JSON.parse(readFileSync(file("d.json"), "utf8"));
  assert.equal(deployment.ledger, "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0");
  assert.equal(deployment.fineTuning, "0xA51c1fc2f0D1a1b8494Ed1FE312d7C3a78Ed91C0");
  assert.equal((await tool("verify", ["--deployment", file("d.json")])).code, 0);

  const code = await world.rpc.getCode(deployment.views);
  await world.rpc.send("anvil_setCode", [deployment.views, `${code.slice(0, -2)}00`]);
  const changed = await tool("verify", ["--deployment", file("d.json")]);
  assert.match(changed.stderr, /^the code of Views at 0x\w+ is not this build's/);

  await world.rpc.send("anvil_setCode", [deployment.ledger, "0x"]);
  const gone = await tool("verify", ["--deployment", file("d.json")]);
  assert.match(gone.stderr, /^there is no contract at 0x\w+ \(Ledger\)/);
});

function keyFile(name, text) {
  writeFileSync(file(name), text, { mode: 0o600 });
}

function tool(command, args) {
  const { url } = world.rpc._getConnection();
  return new Promise((resolve) => {
    execFile(process.execPath, [TOOL, command, "--rpc", url, ...args], (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}
