#!/usr/bin/env node
// Writes what others need of the build to artifacts/, or with --check says what is out of date.
// The market's ABI is its interfaces': the contract itself leaves the views to its second half.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { ethers } from "ethers";

const root = new URL("../", import.meta.url);
const CONTRACTS = {
  Ledger: ["ILedger"],
  FineTuning: ["IFineTuning", "ISealtune", "IERC165"],
  Views: [],
};

const stale = Object.entries(CONTRACTS).filter(([name, interfaces]) => !settle(name, artefact(name, interfaces)));
for (const [name] of stale) process.stderr.write(`artifacts/${name}.json is not what the sources build\n`);
process.exitCode = stale.length ? 1 : 0;

function artefact(name, interfaces) {
  const { abi, bytecode, deployedBytecode } = built(name);
  const parts = [abi.filter(({ type }) => type === "constructor" || type === "receive"), ...interfaces.map((i) => built(i).abi)];
  return {
    contractName: name,
    abi: distinct(parts.flat()),
    bytecode: bytecode.object,
    deployedBytecode: deployedBytecode.object,
    immutableReferences: deployedBytecode.immutableReferences ?? {},
  };
}

function built(name) {
  return JSON.parse(readFileSync(new URL(`out/shipped/${name}.sol/${name}.json`, root), "utf8"));
}

function distinct(abi) {
  const seen = new Set();
  return abi.filter((item) => {
    const key = ethers.Fragment.from(item).format("full");
    return !seen.has(key) && seen.add(key);
  });
}

/** One line for each entry of the ABI, so that a change of it can be read. */
function printed({ abi, ...rest }) {
  const entries = abi.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n");
  const fields = Object.entries(rest).map(([key, value]) => ` ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{\n${fields.join(",\n")},\n "abi": [\n${entries}\n ]\n}\n`;
}

/** Whether the committed file says the same; without --check it is made to. */
function settle(name, wanted) {
  const file = new URL(`artifacts/${name}.json`, root);
  const text = printed(wanted);
  if (process.argv.includes("--check")) return readFileSync(file, "utf8") === text;
  mkdirSync(new URL("artifacts/", root), { recursive: true });
  writeFileSync(file, text);
  return true;
}
