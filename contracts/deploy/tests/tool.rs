//! The deploy tool, as an operator meets it: the program, a key file, a chain.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it is surprised"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "the chain lives and dies with the test"
)]

use alloy_primitives::{Bytes, U64};
use serde_json::{Value, json};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use testchain::Anvil;
use tokio::process::Command;

/// Anvil's first account: public knowledge, worth nothing.
const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const OTHER: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

struct Desk {
    anvil: Anvil,
    folder: TempDir,
}

struct Ran {
    good: bool,
    said: String,
    complained: String,
}

impl Desk {
    async fn new() -> Self {
        let desk = Self {
            anvil: Anvil::on_demand().await,
            folder: TempDir::new().unwrap(),
        };
        desk.key("key", KEY, 0o600);
        desk
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn key(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    async fn run(&self, words: &[&str]) -> Ran {
        let ran = Command::new(env!("CARGO_BIN_EXE_sealtune-deploy"))
            .args(words)
            .args(["--rpc", &self.anvil.url])
            .current_dir(self.folder.path())
            .output();
        let ran = ran.await.unwrap();
        Ran {
            good: ran.status.success(),
            said: String::from_utf8(ran.stdout).unwrap(),
            complained: String::from_utf8(ran.stderr).unwrap(),
        }
    }

    async fn deploy(&self, key: &Path, more: &[&str]) -> Ran {
        let key = key.to_str().unwrap();
        let words = ["deploy", "--chain-id", "31337", "--key-file", key];
        self.run(&[&words, more].concat()).await
    }

    async fn refused(&self, key: &Path, more: &[&str]) -> String {
        let ran = self.deploy(key, more).await;
        assert!(!ran.good, "{}", ran.said);
        assert_eq!(ran.complained.lines().count(), 1, "{}", ran.complained);
        assert!(!self.file("deployment.json").exists());
        ran.complained
    }

    fn deployment(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.file("deployment.json")).unwrap()).unwrap()
    }

    async fn set_code(&self, of: &Value, code: Bytes) {
        self.anvil.rpc("anvil_setCode", json!([of, code])).await;
    }

    async fn code(&self, of: &Value) -> Bytes {
        let code = self.anvil.rpc("eth_getCode", json!([of, "latest"])).await;
        serde_json::from_value(code).unwrap()
    }
}

#[tokio::test]
async fn what_keeps_it_from_deploying_is_said_in_one_line() {
    let desk = Desk::new().await;
    let empty = desk.key("empty", &"11".repeat(32), 0o600);
    let bad = desk.key("bad", "not a key", 0o600);
    let open = desk.key("open", KEY, 0o644);

    let missing = desk.refused(&desk.file("none"), &[]).await;
    assert!(missing.starts_with("cannot read the key file"), "{missing}");
    let bad = desk.refused(&bad, &[]).await;
    assert!(
        bad.contains("holds neither 64 hexadecimal digits nor a keystore"),
        "{bad}"
    );
    let open = desk.refused(&open, &[]).await;
    assert!(open.contains("can be read by others (mode 644)"), "{open}");
    let empty = desk.refused(&empty, &[]).await;
    assert!(
        empty.ends_with("is empty; send it money for gas\n"),
        "{empty}"
    );
    let used = desk.refused(&desk.file("key"), &["--penalty", "101"]).await;
    assert!(used.starts_with("the contract refuses:"), "{used}");
}

#[tokio::test]
async fn another_chain_is_refused() {
    let desk = Desk {
        anvil: Anvil::on_chain("5").await,
        folder: TempDir::new().unwrap(),
    };
    let key = desk.key("key", KEY, 0o600);

    let refused = desk.refused(&key, &[]).await;

    assert!(
        refused.ends_with("is on chain 5, but chain 31337 is configured\n"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_key_on_the_command_line_is_no_option() {
    let desk = Desk::new().await;

    let ran = desk
        .run(&["deploy", "--chain-id", "31337", "--key", KEY])
        .await;

    assert!(
        !ran.good && ran.complained.contains("unexpected argument '--key'"),
        "{}",
        ran.complained
    );
}

#[tokio::test]
async fn what_was_deployed_is_written_down_and_verified() {
    let desk = Desk::new().await;
    let ran = desk.deploy(&desk.file("key"), &["--owner", OTHER]).await;
    assert!(ran.good, "{}", ran.complained);

    let written = desk.deployment();
    let verified = desk.run(&["verify"]).await;

    assert!(verified.good, "{}", verified.complained);
    assert_eq!(
        (&written["chainId"], &written["owner"]),
        (&json!(31337), &json!(OTHER.to_lowercase()))
    );
    let ledger = call(&desk, &written["fineTuning"], "ledgerAddress()").await;
    assert!(ledger.ends_with(&written["ledger"].as_str().unwrap()[2..]));
    for contract in ["ledger", "fineTuning"] {
        let owner = call(&desk, &written[contract], "owner()").await;
        assert!(
            owner.ends_with(&OTHER[2..].to_lowercase()),
            "{contract}: {owner}"
        );
    }
    let block = json!([U64::from(written["block"].as_u64().unwrap()), true]);
    let block = desk.anvil.rpc("eth_getBlockByNumber", block).await;
    assert_eq!(
        block["transactions"][0]["to"],
        Value::Null,
        "the ledger was made in it"
    );
}

async fn call(desk: &Desk, to: &Value, signature: &str) -> String {
    let data = Bytes::copy_from_slice(&alloy_primitives::keccak256(signature)[..4]);
    let answer = desk
        .anvil
        .rpc("eth_call", json!([{ "to": to, "data": data }, "latest"]))
        .await;
    answer.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn code_that_is_not_the_builds_is_found() {
    let desk = Desk::new().await;
    assert!(desk.deploy(&desk.file("key"), &[]).await.good);
    let written = desk.deployment();

    for (name, contract) in [
        ("Views", "views"),
        ("FineTuning", "fineTuning"),
        ("Ledger", "ledger"),
    ] {
        let genuine = desk.code(&written[contract]).await;
        let mut changed = genuine.to_vec();
        *changed.last_mut().unwrap() ^= 1;
        desk.set_code(&written[contract], changed.into()).await;
        let other = desk.run(&["verify"]).await;
        desk.set_code(&written[contract], Bytes::new()).await;
        let gone = desk.run(&["verify"]).await;
        desk.set_code(&written[contract], genuine).await;

        assert!(!other.good && !gone.good);
        let start = format!("the code of {name} at 0x");
        assert!(other.complained.starts_with(&start), "{}", other.complained);
        assert!(
            gone.complained.starts_with("there is no contract at 0x"),
            "{}",
            gone.complained
        );
    }
    assert!(desk.run(&["verify"]).await.good);
}

#[tokio::test]
async fn a_file_that_says_another_hash_is_found() {
    let desk = Desk::new().await;
    assert!(desk.deploy(&desk.file("key"), &[]).await.good);
    let mut written = desk.deployment();
    written["codeHashes"]["views"] = json!(format!("0x{}", "12".repeat(32)));
    std::fs::write(desk.file("deployment.json"), written.to_string()).unwrap();

    let ran = desk.run(&["verify"]).await;

    assert!(
        ran.complained.starts_with("the code hash of Views is 0x"),
        "{}",
        ran.complained
    );
}

/// Where 0G's client has them built in for chain 31337.
#[tokio::test]
async fn a_local_chain_gets_all_where_the_official_client_looks() {
    let desk = Desk::new().await;
    let ran = desk.deploy(&desk.file("key"), &["--sdk-addresses"]).await;
    assert!(ran.good, "{}", ran.complained);

    let written = desk.deployment();
    let again = desk.deploy(&desk.file("key"), &["--sdk-addresses"]).await;

    assert_eq!(
        written["ledger"],
        "0x9fe46736679d2d9a65f0992f2272de9f3c7fa6e0"
    );
    assert_eq!(
        written["inference"],
        "0x0165878a594ca255338adfa4d48449f69242eb8f"
    );
    assert_eq!(
        written["fineTuning"],
        "0xa51c1fc2f0d1a1b8494ed1fe312d7c3a78ed91c0"
    );
    assert!(desk.run(&["verify"]).await.good);
    assert!(
        again
            .complained
            .contains("need one that has sent at most 1"),
        "{}",
        again.complained
    );
}
