//! An anvil of the test's own: it ends with the test.

use alloy_primitives::{Address, Bytes, U64, U256};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

pub(crate) const CHAIN_ID: u64 = 31337;
/// Block times come from here, never from this machine.
const GENESIS: u64 = 1_800_000_000;

pub(crate) struct Anvil {
    pub(crate) url: String,
    client: reqwest::Client,
    _process: Child,
}

impl Anvil {
    /// A block only when `mine` or a transaction asks for one.
    pub(crate) async fn on_demand() -> Self {
        Self::start(&[]).await
    }

    /// A block every so often, as on a real chain.
    pub(crate) async fn ticking(block_secs: &str) -> Self {
        Self::start(&["--block-time", block_secs]).await
    }

    /// A block only when `mine` asks for one, and no more gas in it than this.
    pub(crate) async fn silent(block_gas: u64) -> Self {
        Self::start(&["--no-mining", "--gas-limit", &block_gas.to_string()]).await
    }

    pub(crate) async fn on_chain(id: &str) -> Self {
        Self::start(&["--chain-id", id]).await
    }

    async fn start(more: &[&str]) -> Self {
        let mut command = Command::new(program());
        command.args([
            "--port",
            "0",
            "--hardfork",
            "cancun",
            "--no-request-size-limit",
        ]);
        command
            .args(["--timestamp", &GENESIS.to_string()])
            .args(more);
        let spawned = command
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let mut process = spawned.expect("anvil starts");
        let lines = BufReader::new(process.stdout.take().unwrap());
        let url = tokio::time::timeout(Duration::from_secs(30), listening(lines))
            .await
            .expect("anvil listens in time");
        let anvil = Self {
            url,
            client: http(),
            _process: process,
        };
        anvil
            .rpc("anvil_setBlockTimestampInterval", json!([1]))
            .await;
        anvil
    }

    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let answer = post(&self.client, &self.url, method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([U64::from(blocks)])).await;
    }

    /// Lets chain time pass.
    pub(crate) async fn pass(&self, secs: u64) {
        let latest = self
            .rpc("eth_getBlockByNumber", json!(["latest", false]))
            .await;
        let time: U64 = serde_json::from_value(latest["timestamp"].clone()).unwrap();
        let then = U64::from(secs) + time;
        self.rpc("evm_setNextBlockTimestamp", json!([then])).await;
        self.mine(1).await;
    }

    pub(crate) async fn height(&self) -> u64 {
        let height: U64 =
            serde_json::from_value(self.rpc("eth_blockNumber", json!([])).await).unwrap();
        height.to()
    }

    pub(crate) async fn balance(&self, of: Address) -> U256 {
        serde_json::from_value(self.rpc("eth_getBalance", json!([of, "latest"])).await).unwrap()
    }

    pub(crate) async fn endow(&self, whom: Address, wei: U256) {
        self.rpc("anvil_setBalance", json!([whom, wei])).await;
    }

    /// A transaction of one of anvil's own accounts; waits for its receipt.
    pub(crate) async fn send(
        &self,
        from: Address,
        to: Option<Address>,
        data: Bytes,
        value: U256,
    ) -> Value {
        let transaction =
            json!({ "from": from, "to": to, "data": data, "value": value, "gas": "0x1c9c380" });
        let hash = self.rpc("eth_sendTransaction", json!([transaction])).await;
        for _ in 0..2000 {
            let receipt = self.rpc("eth_getTransactionReceipt", json!([hash])).await;
            if !receipt.is_null() {
                assert_eq!(receipt["status"], "0x1", "the transaction fails: {receipt}");
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the transaction is never included");
    }

    pub(crate) async fn deploy(&self, from: Address, code: Bytes) -> Address {
        let receipt = self.send(from, None, code, U256::ZERO).await;
        serde_json::from_value(receipt["contractAddress"].clone()).unwrap()
    }
}

/// One for many requests: making one reads all root certificates.
pub(crate) fn http() -> reqwest::Client {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) async fn post(
    client: &reqwest::Client,
    url: &str,
    method: &str,
    params: Value,
) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let sent = client
        .post(url)
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await;
    let bytes = sent.unwrap().bytes().await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// What `npm ci` in contracts/ installs; `make` does it.
pub(crate) fn installed(path: &str) -> PathBuf {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../node_modules")
        .join(path);
    let shown = found.display();
    assert!(
        found.exists(),
        "{shown} is missing: run `make setup`, or `npm install --no-save` in contracts/, first"
    );
    found
}

fn program() -> PathBuf {
    let platform = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    installed(&format!("@foundry-rs/anvil-{platform}-{machine}/bin/anvil"))
}

/// Its address, once it says so. What it says later is read and forgotten, so that it never waits.
async fn listening(lines: BufReader<tokio::process::ChildStdout>) -> String {
    let mut lines = lines.lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(address) = line.strip_prefix("Listening on ") {
            let url = format!("http://{}", address.trim());
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return url;
        }
    }
    panic!("anvil ended before it listened");
}
