//! A chain of the test's own: anvil, which ends with the test.

use alloy_primitives::{Address, Bytes, U64, U256};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

pub(crate) const CHAIN_ID: u64 = 31_337;

pub(crate) struct Anvil {
    /// Host and port.
    pub(crate) address: String,
    _process: Child,
}

impl Anvil {
    /// A block every so often, at the time of this machine.
    pub(crate) async fn start(block_secs: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut command = Command::new(program());
        command.args([
            "--port",
            "0",
            "--hardfork",
            "cancun",
            "--block-time",
            block_secs,
        ]);
        command.args(["--mixed-mining", "--no-request-size-limit"]);
        command.args(["--timestamp", &now.as_secs().to_string()]);
        let spawned = command
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let mut process = spawned.expect("anvil starts");
        let lines = BufReader::new(process.stdout.take().unwrap());
        let address = tokio::time::timeout(Duration::from_mins(1), listening(lines));
        Self {
            address: address.await.expect("anvil listens in time"),
            _process: process,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let asked = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = post(&self.address, &asked.to_string()).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    pub(crate) async fn height(&self) -> u64 {
        number(&self.rpc("eth_blockNumber", json!([])).await).to()
    }

    pub(crate) async fn balance(&self, of: Address) -> U256 {
        number(&self.rpc("eth_getBalance", json!([of, "latest"])).await)
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

    /// What the gas of all transactions of this account cost.
    pub(crate) async fn gas_spent(&self, whose: Address) -> U256 {
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

async fn post(address: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8(answer).unwrap();
    let begins = text.find("\r\n\r\n").expect("an answer has a body") + 4;
    serde_json::from_str(&unchunked(&text[..begins], &text[begins..])).unwrap()
}

fn unchunked(head: &str, body: &str) -> String {
    if !head.to_lowercase().contains("transfer-encoding: chunked") {
        return body.to_owned();
    }
    let (mut whole, mut rest) = (String::new(), body);
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        whole.push_str(&after[..size]);
        rest = after.get(size + 2..).unwrap_or_default();
        if size == 0 {
            break;
        }
    }
    whole
}

/// What `npm ci` in contracts/ installs; `make` does it.
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
    let modules = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contracts/node_modules");
    let found = modules.join(format!("@foundry-rs/anvil-{platform}-{machine}/bin/anvil"));
    let shown = found.display();
    assert!(found.exists(), "{shown} is missing: run `make setup` first");
    found
}

/// Its address, once it says so. What it says later is read and forgotten, so that it never waits.
async fn listening(lines: BufReader<ChildStdout>) -> String {
    let mut lines = lines.lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(address) = line.strip_prefix("Listening on ") {
            let address = address.trim().to_owned();
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return address;
        }
    }
    panic!("anvil ended before it listened");
}
