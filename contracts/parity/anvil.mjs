// A chain of our own: anvil as a child process, and its first accounts as signers.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { ethers } from "ethers";

const require = createRequire(import.meta.url);
const MNEMONIC = "test test test test test test test test test test test junk";
// Block times come from the trial, never from this machine.
const GENESIS = 1_800_000_000;
const NAMES = ["owner", "provider", "customer", "tee", "tee2", "customer2", "provider2", "stranger"];

function binary() {
  return require.resolve(`@foundry-rs/anvil-${process.platform}-${process.arch.replace("x64", "amd64")}/bin/anvil`);
}

export async function startAnvil() {
  const child = spawn(binary(), ["--port", "0", "--chain-id", "31337", "--hardfork", "cancun", "--timestamp", String(GENESIS), "--no-request-size-limit"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await listeningUrl(child);
  const rpc = new ethers.JsonRpcProvider(url, 31337, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 5 });
  await rpc.send("anvil_setBlockTimestampInterval", [1]);
  const signers = Object.fromEntries(NAMES.map((name, index) => [name, signer(index, rpc)]));
  return { rpc, signers, stop: () => (rpc.destroy(), child.kill()) };
}

function listeningUrl(child) {
  return new Promise((resolve, reject) => {
    let printed = "";
    child.stdout.on("data", (chunk) => {
      printed += chunk;
      const found = /Listening on (\S+)/.exec(printed);
      if (found) resolve(`http://${found[1]}`);
    });
    child.on("exit", (code) => reject(new Error(`anvil ended with ${code}`)));
  });
}

function signer(index, rpc) {
  const wallet = ethers.HDNodeWallet.fromPhrase(MNEMONIC, undefined, `m/44'/60'/0'/0/${index}`);
  return wallet.connect(rpc);
}
