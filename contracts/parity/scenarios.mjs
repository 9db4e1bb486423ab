// What both deployments are asked to do. Each scenario starts from a fresh market.
import { ethers } from "ethers";

const E = 10n ** 18n;
const FT = "fine-tuning-v1.0";
const NOBODY = ethers.ZeroAddress;
const ROOT = ethers.id("root");
export const STAKE = 100n * E;

export const quota = [1n, 2n, 3n, 4n, "H100"];
export const service = (t, { url = "http://p", occupied = false, signer = t.at("tee") } = {}) =>
  [url, quota, 5n, occupied, ["model-1", "model-2"], signer];

export async function fund(t, who = "customer", amount = 5n * E, provider = "provider") {
  await t.tx(who, "ledger", "addLedger", ["hello"], 20n * E);
  await t.tx(who, "ledger", "transferFund", [t.at(provider), FT, amount]);
}

export async function open(t) {
  await fund(t);
  await t.tx("provider", "fineTuning", "addOrUpdateService", service(t), STAKE);
  await t.tx("owner", "fineTuning", "acknowledgeTEESignerByOwner", [t.at("provider")]);
}

const deliver = (t, id, root = ROOT) => t.tx("provider", "fineTuning", "addDeliverable", [t.at("customer"), id, root]);
const acknowledge = (t, id) => t.tx("customer", "fineTuning", "acknowledgeDeliverable", [t.at("provider"), id]);
const settle = async (t, fields) => t.tx("provider", "fineTuning", "settleFees", [await t.settlement(fields)]);
const retrieve = (t) => t.tx("customer", "ledger", "retrieveFund", [[t.at("provider")], FT]);
const transfer = (t, amount) => t.tx("customer", "ledger", "transferFund", [t.at("provider"), FT, amount]);

async function money(t) {
  await t.view("fineTuning", "getAccount", [t.at("customer"), t.at("provider")]);
  await t.view("ledger", "getLedger", [t.at("customer")]);
}

export const scenarios = {
  async "opening, filling and closing a ledger"(t) {
    const [c, c2] = [t.at("customer"), t.at("customer2")];
    for (const [method, args] of [["refund", [E]], ["deleteLedger", []], ["updateAdditionalInfo", ["x"]], ["transferFund", [c, FT, E]], ["retrieveFund", [[c], FT]]]) {
      await t.tx("customer", "ledger", method, args);
    }
    await t.view("ledger", "getLedger", [c]);
    for (const [info, value] of [["x", 2n * E], ["a".repeat(4097), 2n * E], ["a".repeat(4097), 3n * E], ["hello", 10n * E], ["again", 10n * E], ["again", E]]) {
      await t.tx("customer", "ledger", "addLedger", [info], value);
    }
    await t.tx("customer", "ledger", "depositFund", [], 0n);
    await t.tx("customer", "ledger", "depositFund", [], 1n);
    for (const [to, value] of [[c, 1n], [c, 0n], [NOBODY, 3n * E], [c2, 3n * E - 1n], [c2, 3n * E]]) {
      await t.tx("stranger", "ledger", "depositFundFor", [to], value);
    }
    for (const info of ["new", "a".repeat(4097)]) await t.tx("customer", "ledger", "updateAdditionalInfo", [info]);
    for (const page of [[0, 0], [1, 1], [5, 1], [0, 51]]) await t.view("ledger", "getAllLedgers", page);
    for (const amount of [8n * E, 11n * E, 0n, 1n]) await t.tx("customer", "ledger", "refund", [amount]);
    await t.tx("customer", "ledger", "deleteLedger");
    await t.tx("customer2", "ledger", "refund", [3n * E]);
    await t.view("ledger", "getLedger", [c2]);
    await t.tx("customer2", "ledger", "deleteLedger");
    await t.tx("stranger", "ledger", "spendFund", [c, 1n]);
  },

  async "the directory of services"(t) {
    const [p, ft, l] = [t.at("provider"), t.at("fineTuning"), t.at("ledger")];
    await t.tx("stranger", "ledger", "registerService", ["a", "b", p, "d"]);
    for (const args of [["", "v", p, "d"], ["a", "", p, "d"], ["a", "b", NOBODY, "d"], ["a", "b", p, "d"], ["fine-tuning", "v2.0", ft, "d"], ["a", "b", l, "d"], ["fine-tuning", "v1.0", p, "d"]]) {
      await t.tx("owner", "ledger", "registerService", args);
    }
    await t.tx("stranger", "ledger", "setRecommendedService", ["a", "b"]);
    await t.tx("owner", "ledger", "setRecommendedService", ["a", "b"]);
    await t.tx("owner", "ledger", "setRecommendedService", ["fine-tuning", "v1.0"]);
    await t.view("ledger", "getServiceInfo", [ft]);
    await t.view("ledger", "getServiceInfo", [p]);
    for (const name of [FT, "zz"]) await t.view("ledger", "getServiceAddressByName", [name]);
    for (const type of ["fine-tuning", "zz"]) {
      await t.view("ledger", "getAllVersions", [type]);
      await t.view("ledger", "getRecommendedService", [type]);
      await t.view("ledger", "isRecommendedVersion", [type, "v1.0"]);
    }
    for (const name of [FT, "zz"]) await t.view("ledger", "getLedgerProviders", [p, name]);
  },

  async "constants, owners and what is refused to others"(t) {
    const [p, c] = [t.at("provider"), t.at("customer")];
    for (const name of ["MAX_ADDITIONAL_INFO_LENGTH", "MAX_PROVIDERS_PER_BATCH", "MAX_PROVIDERS_PER_USER_PER_SERVICE", "MAX_SERVICES", "MIN_ACCOUNT_BALANCE", "MIN_TRANSFER_AMOUNT", "owner", "initialized"]) await t.view("ledger", name);
    for (const name of ["MAX_LOCKTIME", "MIN_LOCKTIME", "MIN_PROVIDER_STAKE", "ledgerAddress", "owner", "initialized", "penaltyPercentage", "lockTime"]) await t.view("fineTuning", name);
    for (const id of ["0x01ffc9a7", "0x160841b1", "0xffffffff"]) await t.view("fineTuning", "supportsInterface", [id]);
    for (const seconds of [3599n, 3600n, 604800n, 604801n]) await t.tx("owner", "fineTuning", "updateLockTime", [seconds]);
    for (const percent of [0n, 100n, 101n]) await t.tx("owner", "fineTuning", "updatePenaltyPercentage", [percent]);
    await t.tx("stranger", "fineTuning", "updateLockTime", [3600n]);
    await t.tx("stranger", "fineTuning", "updatePenaltyPercentage", [3n]);
    await t.tx("owner", "fineTuning", "initialize", [3600n, p, p, 1n]);
    await t.tx("owner", "ledger", "initialize", [p]);
    await t.tx("owner", "fineTuning", "addAccount", [c, p, "x"], E);
    await t.tx("owner", "fineTuning", "depositFund", [c, p, 0n], E);
    for (const method of ["requestRefundAll", "processRefund", "deleteAccount"]) await t.tx("owner", "fineTuning", method, [c, p]);
    for (const target of ["ledger", "fineTuning"]) {
      await t.tx("stranger", target, "transferOwnership", [p]);
      await t.tx("owner", target, "transferOwnership", [p]);
      await t.tx("provider", target, "renounceOwnership");
      await t.tx("provider", target, "transferOwnership", [p]);
    }
  },

  async "moving money to a provider and asking for it back"(t) {
    const [p, p2] = [t.at("provider"), t.at("provider2")];
    await t.tx("customer", "ledger", "addLedger", ["hello"], 20n * E);
    await t.tx("customer", "ledger", "transferFund", [p, "zz", E]);
    for (const amount of [E - 1n, 0n, 21n * E, E, 1n, 0n, 20n * E]) await transfer(t, amount);
    await t.tx("customer", "ledger", "transferFund", [NOBODY, FT, E]);
    await money(t);
    await retrieve(t);
    await retrieve(t);
    await money(t);
    for (const providers of [[p2], [], Array(21).fill(p)]) await t.tx("customer", "ledger", "retrieveFund", [providers, FT]);
    await t.tx("customer", "ledger", "retrieveFund", [[p], "zz"]);
    await t.tx("stranger", "ledger", "retrieveFund", [[p], FT]);
    await transfer(t, 10n);
    t.advance(100);
    await transfer(t, 2n * E);
    await money(t);
    for (const amount of [2n * E, 3n * E, 13n * E]) await t.tx("customer", "ledger", "refund", [amount]);
  },

  async "refunds mature one by one"(t) {
    await fund(t, "customer", 15n * E);
    await retrieve(t);
    for (let round = 1n; round <= 5n; round++) {
      t.advance(1000);
      await transfer(t, 2n * 10n ** 17n - round * 10n ** 16n);
      await retrieve(t);
      await money(t);
    }
    for (const wait of [81_000, 1_000, 1_000, 5_000]) {
      t.advance(wait);
      await retrieve(t);
      await money(t);
    }
  },

  async "a refund matures in the second its lock time ends"(t) {
    await fund(t);
    await retrieve(t);
    t.advance(86400 - 2);
    await retrieve(t);
    await retrieve(t);
    await money(t);
    await retrieve(t);
  },

  async "the sixth refund at a time"(t) {
    await fund(t, "customer", 15n * E);
    await retrieve(t);
    for (const part of [10n, 9n, 8n, 7n, 6n, 5n]) {
      await transfer(t, (part * E) / 100n);
      await retrieve(t);
    }
    await money(t);
  },

  async "registering, changing and acknowledging a service"(t) {
    const [p, p2, c] = [t.at("provider"), t.at("provider2"), t.at("customer")];
    await fund(t);
    await t.tx("provider", "fineTuning", "addOrUpdateService", service(t), STAKE - 1n);
    await t.tx("provider", "fineTuning", "addOrUpdateService", service(t), STAKE + E);
    await t.tx("provider", "fineTuning", "addOrUpdateService", service(t), 1n);
    await t.tx("provider2", "fineTuning", "addOrUpdateService", service(t, { url: "http://p2" }), STAKE);
    for (const who of [p, NOBODY]) await t.view("fineTuning", "getService", [who]);
    await t.view("fineTuning", "getAllServices");
    await t.tx("stranger", "fineTuning", "acknowledgeTEESignerByOwner", [p]);
    await t.tx("stranger", "fineTuning", "revokeTEESignerAcknowledgement", [p]);
    for (const method of ["acknowledgeTEESignerByOwner", "revokeTEESignerAcknowledgement"]) {
      await t.tx("owner", "fineTuning", method, [c]);
      await t.tx("owner", "fineTuning", method, [p]);
    }
    await t.tx("owner", "fineTuning", "acknowledgeTEESignerByOwner", [p]);
    await t.tx("provider", "fineTuning", "addOrUpdateService", service(t, { occupied: true }));
    await t.view("fineTuning", "getService", [p]);
    await t.tx("provider", "fineTuning", "addOrUpdateService", service(t, { signer: t.at("tee2") }));
    await t.view("fineTuning", "getService", [p]);
    await t.tx("provider", "fineTuning", "addOrUpdateService", service(t));
    await t.view("fineTuning", "getService", [p]);
    for (const [provider, yes] of [[p, false], [p, true], [p2, true], [p2, false]]) await t.tx("customer", "fineTuning", "acknowledgeTEESigner", [provider, yes]);
    await t.tx("stranger", "fineTuning", "removeService");
  },

  async "delivering and acknowledging"(t) {
    const [p, p2, c] = [t.at("provider"), t.at("provider2"), t.at("customer")];
    await t.tx("customer", "ledger", "addLedger", ["hello"], 20n * E);
    await deliver(t, "task-1");
    await deliver(t, "");
    await transfer(t, 5n * E);
    for (const id of ["", "a".repeat(257), "a".repeat(256), "a".repeat(256), "b"]) await deliver(t, id);
    await acknowledge(t, "zz");
    await t.tx("customer", "fineTuning", "acknowledgeDeliverable", [p2, "zz"]);
    await acknowledge(t, "a".repeat(256));
    await acknowledge(t, "a".repeat(256));
    await deliver(t, "a".repeat(256));
    await deliver(t, "b", "0x");
    for (const [provider, id] of [[p, "b"], [p, "zz"], [p2, "zz"]]) await t.view("fineTuning", "getDeliverable", [c, provider, id]);
    for (const provider of [p, p2]) await t.view("fineTuning", "getDeliverables", [c, provider]);
    await money(t);
  },

  async "settling, rule by rule (C.4)"(t) {
    const secret = { encryptedSecret: "0x0102" };
    await settle(t, {});
    await fund(t);
    await settle(t, {});
    await t.tx("provider", "fineTuning", "addOrUpdateService", service(t), STAKE);
    await settle(t, { nonce: 0n });
    await t.tx("owner", "fineTuning", "acknowledgeTEESignerByOwner", [t.at("provider")]);
    await settle(t, { nonce: 0n, taskFee: 6n * E });
    await settle(t, { taskFee: 6n * E });
    await settle(t, {});
    await deliver(t, "task-1");
    await settle(t, { modelRootHash: ethers.id("x"), signer: "tee2" });
    await settle(t, { signer: "tee2", encryptedSecret: "0x01" });
    for (const raw of [() => "0x", lowV, highS, (s) => s.slice(0, -2)]) await settle(t, { sign: { raw } });
    for (const domain of [{ chainId: 1 }, { verifyingContract: NOBODY }, { version: "2" }, { name: "x" }]) await settle(t, { sign: { domain } });
    await settle(t, { encryptedSecret: "0x01" });
    await acknowledge(t, "task-1");
    await settle(t, {});
    await t.tx("stranger", "fineTuning", "settleFees", [await t.settlement(secret)]);
    await retrieve(t);
    await settle(t, secret);
    await money(t);
    await settle(t, { ...secret, nonce: 2n });
    await settle(t, secret);
    await acknowledge(t, "task-1");
    await deliver(t, "task-1");
    await deliver(t, "task-2");
    await acknowledge(t, "task-2");
    await settle(t, { ...secret, id: "task-2", nonce: 7n, taskFee: 0n });
    await deliver(t, "task-3");
    await acknowledge(t, "task-3");
    await settle(t, { ...secret, id: "task-3", nonce: 8n, taskFee: 49n * 10n ** 17n });
    await money(t);
  },

  async "nobody acknowledges (A.6)"(t) {
    await open(t);
    await deliver(t, "task-1");
    t.advance(86400 / 2);
    await settle(t, { encryptedSecret: "0x01" });
    await settle(t, { taskFee: 6n * E });
    await settle(t, { taskFee: 7n });
    await money(t);
    await acknowledge(t, "task-1");
  },

  async "the customer asks her money back while a task runs (A.6)"(t) {
    await open(t);
    await retrieve(t);
    await deliver(t, "task-1");
    await acknowledge(t, "task-1");
    await settle(t, { encryptedSecret: "0x01", taskFee: E });
    await money(t);
    t.advance(86400);
    await retrieve(t);
    await money(t);
    await deliver(t, "task-2");
    await acknowledge(t, "task-2");
    await settle(t, { id: "task-2", encryptedSecret: "0x01", taskFee: 1n, nonce: 2n });
  },

  async "the signer is revoked after delivery"(t) {
    await open(t);
    await deliver(t, "task-1");
    await acknowledge(t, "task-1");
    await t.tx("owner", "fineTuning", "revokeTEESignerAcknowledgement", [t.at("provider")]);
    await settle(t, { encryptedSecret: "0x01" });
    await t.tx("owner", "fineTuning", "acknowledgeTEESignerByOwner", [t.at("provider")]);
    await settle(t, { encryptedSecret: "0x01" });
  },

  async "twenty results and one more"(t) {
    await open(t);
    for (let i = 0; i < 21; i++) {
      await deliver(t, `task-${i}`);
      await acknowledge(t, `task-${i}`);
    }
    await settle(t, { id: "task-0", encryptedSecret: "0x01", taskFee: 1n });
    await deliver(t, "task-20");
    await t.view("fineTuning", "getDeliverables", [t.at("customer"), t.at("provider")]);
    await t.view("fineTuning", "getDeliverable", [t.at("customer"), t.at("provider"), "task-0"]);
    await money(t);
  },

  async "lists, pages and the end of all accounts"(t) {
    const [p, p2, c, c2] = [t.at("provider"), t.at("provider2"), t.at("customer"), t.at("customer2")];
    await open(t);
    await t.tx("customer", "ledger", "transferFund", [p2, FT, E]);
    await fund(t, "customer2");
    await deliver(t, "task-1");
    await acknowledge(t, "task-1");
    await settle(t, { encryptedSecret: "0x01", taskFee: E, nonce: 9n });
    for (const page of [[0, 0], [1, 1], [3, 1], [0, 51]]) await t.view("fineTuning", "getAllAccounts", page);
    for (const page of [[0, 0], [1, 5], [2, 5], [0, 51]]) await t.view("fineTuning", "getAccountsByProvider", [p, ...page]);
    for (const page of [[0, 0], [0, 51]]) await t.view("fineTuning", "getAccountsByUser", [c, ...page]);
    for (const users of [[c, c2, p], Array(51).fill(c), []]) await t.view("fineTuning", "getBatchAccountsByUsers", [users], "provider");
    for (const provider of [p, c]) {
      await t.view("fineTuning", "getPendingRefund", [c, provider]);
      await t.view("fineTuning", "accountExists", [c, provider]);
    }
    await t.view("ledger", "getLedgerProviders", [c, FT]);
    await t.tx("customer", "ledger", "retrieveFund", [[p, p2], FT]);
    t.advance(86400);
    await t.tx("customer", "ledger", "retrieveFund", [[p, p2], FT]);
    await t.tx("customer", "ledger", "refund", [19n * E]);
    for (const [method, args] of [["getAccount", [c, p]], ["getAllAccounts", [0, 0]], ["getAccountsByUser", [c, 0, 0]], ["getAccountsByProvider", [p, 0, 0]]]) await t.view("fineTuning", method, args);
    await t.view("ledger", "getLedgerProviders", [c, FT]);
    await t.view("ledger", "getAllLedgers", [0, 0]);
    await fund(t);
    await money(t);
    await deliver(t, "task-1");
  },
};

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The recovery id as 0 or 1. */
function lowV(signature) {
  return signature.slice(0, -2) + (signature.endsWith("1b") ? "00" : "01");
}

/** The twin of a signature with the high s. */
function highS(signature) {
  const s = CURVE_ORDER - BigInt(`0x${signature.slice(66, 130)}`);
  return signature.slice(0, 66) + s.toString(16).padStart(64, "0") + (signature.endsWith("1b") ? "1c" : "1b");
}
