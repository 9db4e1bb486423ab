//! Anvil, which ends with the test.

use crate::npm;
use crate::rpc::{http, post};
use alloy_primitives::{Address, Bytes, U64, U256};
use reqwest::Client;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Block times come from here, never from this machine.
const GENESIS: u64 = 1_800_000_000;

#[derive(Debug)]
pub struct Anvil {
    pub url: String,
    client: Client,
    _process: Child,
}

impl Anvil {
    /// A block only when `mine` or a transaction asks for one.
    pub async fn on_demand() -> Self {
        Self::start(&[]).await
    }

    /// A block every so often, as on a real chain.
    pub async fn ticking(block_secs: &str) -> Self {
        Self::start(&["--block-time", block_secs]).await
    }

    /// A block only when `mine` asks for one, and no more gas in it than this.
    pub async fn silent(block_gas: u64) -> Self {
        Self::start(&["--no-mining", "--gas-limit", &block_gas.to_string()]).await
    }

    pub async fn on_chain(id: &str) -> Self {
        Self::start(&["--chain-id", id]).await
    }

    /// A block every so often and for each transaction, at the time of this machine.
    pub async fn of_today(block_secs: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self::begin(
            now.as_secs(),
            &["--mixed-mining", "--block-time", block_secs],
        )
        .await
    }

    async fn start(more: &[&str]) -> Self {
        let anvil = Self::begin(GENESIS, more).await;
        anvil
            .rpc("anvil_setBlockTimestampInterval", json!([1]))
            .await;
        anvil
    }

    async fn begin(timestamp: u64, more: &[&str]) -> Self {
        let mut command = Command::new(npm::anvil());
        command
            .args(["--port", "0", "--hardfork", "cancun"])
            .args(["--no-request-size-limit", "--timestamp"])
            .arg(timestamp.to_string())
            .args(more);
        let spawned = command
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let mut process = spawned.expect("anvil starts");
        let lines = BufReader::new(process.stdout.take().unwrap());
        let url = tokio::time::timeout(Duration::from_mins(1), listening(lines));
        Self {
            url: url.await.expect("anvil listens in time"),
            client: http(),
            _process: process,
        }
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    pub async fn rpc(&self, method: &str, params: Value) -> Value {
        let answer = post(&self.client, &self.url, method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    pub async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([U64::from(blocks)])).await;
    }

    /// Lets chain time pass.
    pub async fn pass(&self, secs: u64) {
        let latest = self
            .rpc("eth_getBlockByNumber", json!(["latest", false]))
            .await;
        let then = U256::from(secs) + number(&latest["timestamp"]);
        self.rpc("evm_setNextBlockTimestamp", json!([then])).await;
        self.mine(1).await;
    }

    pub async fn height(&self) -> u64 {
        number(&self.rpc("eth_blockNumber", json!([])).await).to()
    }

    pub async fn balance(&self, of: Address) -> U256 {
        number(&self.rpc("eth_getBalance", json!([of, "latest"])).await)
    }

    pub async fn endow(&self, whom: Address, wei: U256) {
        self.rpc("anvil_setBalance", json!([whom, wei])).await;
    }

    /// A transaction of one of anvil's own accounts; waits for its receipt.
    pub async fn send(
        &self,
        from: Address,
        to: Option<Address>,
        data: Bytes,
        value: U256,
    ) -> Value {
        let transaction =
            json!({ "from": from, "to": to, "data": data, "value": value, "gas": "0x1c9c380" });
        let hash = self.rpc("eth_sendTransaction", json!([transaction])).await;
        for _ in 0..2_000 {
            let receipt = self.rpc("eth_getTransactionReceipt", json!([hash])).await;
            if !receipt.is_null() {
                assert_eq!(receipt["status"], "0x1", "the transaction fails: {receipt}");
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the transaction is never included");
    }

    pub async fn deploy(&self, from: Address, code: Bytes) -> Address {
        let receipt = self.send(from, None, code, U256::ZERO).await;
        serde_json::from_value(receipt["contractAddress"].clone()).unwrap()
    }

    /// What the gas of all transactions of this account cost.
    pub async fn gas_spent(&self, whose: Address) -> U256 {
        let mut spent = U256::ZERO;
        for block in 0..=self.height().await {
            let receipts = self
                .rpc("eth_getBlockReceipts", json!([U64::from(block)]))
                .await;
            for receipt in receipts.as_array().unwrap() {
                let from: Address = serde_json::from_value(receipt["from"].clone()).unwrap();
                if from == whose {
                    spent += number(&receipt["gasUsed"]) * number(&receipt["effectiveGasPrice"]);
                }
            }
        }
        spent
    }
}

fn number(value: &Value) -> U256 {
    serde_json::from_value(value.clone()).unwrap()
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
