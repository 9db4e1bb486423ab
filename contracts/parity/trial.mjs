// A trial: the same calls on one deployment, with everything observable written down.
import { ethers } from "ethers";

const START = 1_900_000_000;
const MESSAGE = {
  VerifierMessage: [
    { name: "id", type: "string" },
    { name: "encryptedSecret", type: "bytes" },
    { name: "modelRootHash", type: "bytes" },
    { name: "nonce", type: "uint256" },
    { name: "taskFee", type: "uint256" },
    { name: "user", type: "address" },
  ],
};

export class Trial {
  constructor({ rpc, signers }, { ledger, fineTuning }) {
    Object.assign(this, { rpc, signers, contracts: { ledger, fineTuning }, record: [], gas: [], spent: {}, clock: START });
  }

  /** Address of a named account or contract. */
  at(name) {
    return (this.contracts[name]?.target ?? this.signers[name]?.address) || name;
  }

  advance(seconds) {
    this.clock += seconds;
  }

  /** Sends a call; writes down its outcome, its events and what it cost the contracts. */
  async tx(who, target, method, args = [], value = 0n) {
    this.clock += 1;
    await this.rpc.send("evm_setNextBlockTimestamp", [this.clock]);
    const contract = this.contracts[target].connect(this.signers[who]);
    const call = `${who}: ${target}.${method}(${shown(args)})${value ? ` with ${value}` : ""}`;
    const before = await this.#balances();
    try {
      const sent = await contract[method](...args, { value, gasLimit: 10_000_000n });
      const receipt = await sent.wait();
      this.gas.push({ method, gas: receipt.gasUsed });
      this.spent[who] = (this.spent[who] ?? 0n) + receipt.fee;
      this.record.push({ call, events: receipt.logs.map((log) => this.#event(log)), moved: await this.#moved(before) });
      return true;
    } catch (error) {
      const reason = await this.#reason(contract, who, method, args, value, error);
      this.record.push({ call, reverted: reason });
      return false;
    }
  }

  /** Reads a view; writes down the answer or the refusal. */
  async view(target, method, args = [], who = "stranger") {
    const contract = this.contracts[target].connect(this.signers[who]);
    const call = `${target}.${method}(${shown(args)})`;
    try {
      this.record.push({ call, returned: shown(await contract[method](...args)) });
    } catch (error) {
      this.record.push({ call, reverted: this.#decoded(contract, error) });
    }
  }

  /** A settlement signed by `signer`; `changes` spoil single fields after or before signing. */
  async settlement({ signer = "tee", sign = {}, ...fields }) {
    const input = {
      id: "task-1", encryptedSecret: "0x", modelRootHash: ethers.id("root"), nonce: 1n, taskFee: 10n ** 17n,
      user: this.at("customer"), ...fields,
    };
    const domain = {
      name: "0G Fine-Tuning Serving", version: "1", chainId: 31337, verifyingContract: this.at("fineTuning"), ...sign.domain,
    };
    const signature = await this.signers[signer].signTypedData(domain, MESSAGE, { ...input, ...sign.fields });
    const { id, encryptedSecret, modelRootHash, nonce, taskFee, user } = input;
    return [id, encryptedSecret, modelRootHash, nonce, sign.raw ? sign.raw(signature) : signature, taskFee, user];
  }

  async #balances() {
    const names = ["ledger", "fineTuning"];
    return Promise.all(names.map((name) => this.rpc.getBalance(this.at(name))));
  }

  async #moved(before) {
    const after = await this.#balances();
    return { ledger: after[0] - before[0], fineTuning: after[1] - before[1] };
  }

  #event(log) {
    for (const contract of Object.values(this.contracts)) {
      const parsed = contract.target === log.address && contract.interface.parseLog(log);
      if (parsed) return `${parsed.name}(${shown(parsed.args)})`;
    }
    return `unknown ${log.topics[0]}`;
  }

  async #reason(contract, who, method, args, value, error) {
    if (error.code !== "CALL_EXCEPTION") throw error;
    try {
      await contract[method].staticCall(...args, { value });
      return "only when sent";
    } catch (again) {
      return this.#decoded(contract, again);
    }
  }

  #decoded(contract, error) {
    if (error.code !== "CALL_EXCEPTION") throw error;
    for (const { interface: known } of [contract, ...Object.values(this.contracts)]) {
      const parsed = error.data && error.data !== "0x" ? known.parseError(error.data) : null;
      if (parsed) return ownership(parsed) ?? `${parsed.name}(${shown(parsed.args)})`;
    }
    return error.data ?? "0x";
  }
}

/** What everybody has, gas aside. */
export async function wealth(t, names) {
  const entries = names.map(async (name) => [name, (await t.rpc.getBalance(t.at(name))) + (t.spent[name] ?? 0n)]);
  return Object.fromEntries(await Promise.all(entries));
}

/** The one refusal the originals say in a string, and ours in an error of its own. */
function ownership({ name, args }) {
  const refused = name === "NotOwner" || (name === "Error" && args[0] === "Ownable: caller is not the owner");
  return refused ? "not the owner" : null;
}

function shown(value) {
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
