#!/usr/bin/env node
// The npm compiler behind the two questions forge asks of a solc binary:
// `--version`, and `--standard-json` on stdin (whatever path options come with it).
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const solc = createRequire(import.meta.url)("solc");

if (process.argv.includes("--version")) {
  const version = solc.version().replace(".Emscripten.clang", ".Linux.g++");
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else if (process.argv.includes("--standard-json")) {
  process.stdout.write(solc.compile(readFileSync(0, "utf8")));
} else {
  process.stderr.write("only --version and --standard-json are answered here\n");
  process.exitCode = 1;
}
