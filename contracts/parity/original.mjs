// The original contracts, out of the official client's npm package.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
// By its folder: the package exports only its front door.
const sdk = new URL("../node_modules/@0gfoundation/0g-compute-ts-sdk/cli.commonjs/sdk/", import.meta.url);

function factory(service, name) {
  const file = new URL(`${service}/contract/typechain/factories/${name}__factory.js`, sdk);
  const { abi, bytecode } = require(file.pathname)[`${name}__factory`];
  return { abi, bytecode };
}

export const ledger = factory("ledger", "LedgerManager");
export const inference = factory("inference", "InferenceServing");
export const fineTuning = factory("fine-tuning", "FineTuningServing");

const build = (name) => require(`@openzeppelin/contracts-v4/build/contracts/${name}.json`);

export const beacon = build("UpgradeableBeacon");
export const beaconProxy = build("BeaconProxy");
