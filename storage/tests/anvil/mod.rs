//! A chain with 0G's real flow and market contracts, and a submitter without keys.

use alloy_primitives::keccak256;
use alloy_sol_types::{SolCall, SolEvent, SolValue, sol};
use async_trait::async_trait;
use proto::{Address, Root, U256, Wei};
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use storage::id::Content;
use storage::{Submission, SubmitError, Submitted, Submitter};

sol! {
    struct Node { bytes32 root; uint256 height; }
    struct Data { uint256 length; bytes tags; Node[] nodes; }
    struct Sub { Data data; address submitter; }
    function submit(Sub submission) payable;
    function pricePerSector() returns (uint256);
    event Submit(address indexed sender, bytes32 indexed identity, uint256 submissionIndex, uint256 startPos, uint256 length, Data submission);

    interface Market { function initialize(uint256 pricePerSector, address flow, address reward); }
    interface Flow { function initialize(address market, uint256 blocksPerEpoch); }
}

/// The smallest contract that takes money and calls: its code is one STOP.
const REWARD: &str = "0x6001600c60003960016000f300";

const PRICE: u64 = 11;

#[derive(Debug)]
pub(crate) struct Anvil {
    process: Child,
    pub(crate) url: String,
    pub(crate) flow: Address,
    rpc: Rpc,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("ended");
    }
}

#[derive(Deserialize)]
struct Code {
    flow: String,
    market: String,
}

impl Anvil {
    pub(crate) async fn start(modules: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .expect("a port")
            .port();
        let process = Command::new(program())
            .args(["--silent", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .expect("anvil runs");
        let url = format!("http://127.0.0.1:{port}");
        let rpc = Rpc {
            url: url.clone(),
            client: client(),
        };
        let mut anvil = Self {
            process,
            url,
            flow: Address::ZERO,
            rpc,
        };
        anvil.wait().await;
        anvil.deploy(&code(modules)).await;
        anvil
    }

    async fn wait(&self) {
        let up = async {
            while self.rpc.try_call("eth_chainId", json!([])).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), up)
            .await
            .expect("anvil answers in time");
    }

    async fn deploy(&mut self, code: &Code) {
        let from = self.rpc.account(1).await;
        let reward = self.rpc.create(from, REWARD.to_owned()).await;
        let market = self.rpc.create(from, code.market.clone()).await;
        let delay = hex::encode(U256::ZERO.abi_encode());
        self.flow = self.rpc.create(from, format!("{}{delay}", code.flow)).await;
        let flow = Flow::initializeCall {
            market,
            blocksPerEpoch: U256::from(1_000_000),
        };
        self.rpc
            .send(from, self.flow, flow.abi_encode(), U256::ZERO)
            .await
            .expect("the flow begins");
        let to = self.flow;
        let priced = Market::initializeCall {
            pricePerSector: U256::from(PRICE),
            flow: to,
            reward,
        };
        self.rpc
            .send(from, market, priced.abi_encode(), U256::ZERO)
            .await
            .expect("the market begins");
    }

    /// What the submitter has.
    pub(crate) async fn balance(&self) -> U256 {
        let from = self.rpc.account(2).await;
        parse(
            &self
                .rpc
                .call("eth_getBalance", json!([from, "latest"]))
                .await,
        )
    }

    pub(crate) fn submitter(&self) -> Arc<Unlocked> {
        Arc::new(Unlocked {
            rpc: self.rpc.clone(),
            flow: self.flow,
        })
    }
}

/// The one that the contracts' tests use.
pub(crate) fn program() -> PathBuf {
    super::common::here("../contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil")
}

fn code(modules: &Path) -> Code {
    let script = modules.parent().expect("a folder").join("contracts.cjs");
    let ran = Command::new("node")
        .arg(script)
        .output()
        .expect("node runs");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    serde_json::from_slice(&ran.stdout).expect("JSON")
}

/// Submits from an account the chain's node holds the key of.
#[derive(Debug)]
pub(crate) struct Unlocked {
    rpc: Rpc,
    flow: Address,
}

#[async_trait]
impl Submitter for Unlocked {
    async fn price_per_sector(&self) -> Result<Wei, SubmitError> {
        Ok(Wei::from(PRICE))
    }

    async fn lookup(&self, content: Content) -> Result<Option<Submitted>, SubmitError> {
        let topics = json!([Root(Submit::SIGNATURE_HASH.0).to_string()]);
        let filter = json!([{"address": self.flow, "fromBlock": "0x0", "topics": topics}]);
        let logs = self.rpc.call("eth_getLogs", filter).await;
        let logs = logs.as_array().cloned().unwrap_or_default();
        Ok(logs
            .iter()
            .find(|log| content_of(log) == content)
            .map(submitted))
    }

    async fn submit(&self, submission: &Submission, fee: Wei) -> Result<Submitted, SubmitError> {
        let from = self.rpc.account(2).await;
        let nodes = submission.nodes.iter();
        let nodes = nodes
            .map(|node| Node {
                root: node.root.into(),
                height: U256::from(node.height),
            })
            .collect();
        let data = Data {
            length: U256::from(submission.size),
            tags: Vec::new().into(),
            nodes,
        };
        let call = submitCall {
            submission: Sub {
                data,
                submitter: from,
            },
        };
        let sent = self
            .rpc
            .send(from, self.flow, call.abi_encode(), fee.0)
            .await;
        let receipt = sent.map_err(|why| SubmitError::Refused(why.into()))?;
        let log = receipt["logs"]
            .as_array()
            .expect("logs")
            .iter()
            .find(|log| is_submit(log))
            .expect("a submission");
        Ok(submitted(log))
    }
}

fn is_submit(log: &Value) -> bool {
    log["topics"][0] == json!(Root(Submit::SIGNATURE_HASH.0).to_string())
}

/// The content of a `Submit` event: its nodes, joined from the right, make the root.
fn content_of(log: &Value) -> Content {
    let data = log["data"].as_str().expect("data").trim_start_matches("0x");
    let data = hex::decode(data).expect("hex");
    let event = Submit::abi_decode_data(&data).expect("a Submit event");
    let roots = event.3.nodes.iter().rev().map(|node| node.root);
    let root = roots.reduce(|right, left| keccak256([left.0, right.0].concat()));
    Content {
        root: Root(root.expect("a node").0),
        size: event.3.length.to(),
    }
}

fn submitted(log: &Value) -> Submitted {
    let data = log["data"].as_str().expect("data").trim_start_matches("0x");
    let word = hex::decode(&data[..64]).expect("hex");
    Submitted {
        tx_seq: U256::from_be_slice(&word).to(),
        tx: None,
    }
}

#[derive(Clone, Debug)]
struct Rpc {
    url: String,
    client: reqwest::Client,
}

fn client() -> reqwest::Client {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

impl Rpc {
    async fn try_call(&self, method: &str, params: Value) -> Result<Value, String> {
        let request =
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let sent = self
            .client
            .post(&self.url)
            .header("content-type", "application/json")
            .body(request);
        let body = sent.send().await.map_err(|error| error.to_string())?;
        let body = body.bytes().await.map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        if answer["error"].is_null() {
            Ok(answer["result"].clone())
        } else {
            Err(answer["error"].to_string())
        }
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        self.try_call(method, params).await.expect("answered")
    }

    async fn account(&self, number: usize) -> Address {
        let accounts = self.call("eth_accounts", json!([])).await;
        accounts[number]
            .as_str()
            .expect("an account")
            .parse()
            .expect("an address")
    }

    async fn create(&self, from: Address, code: String) -> Address {
        let transaction = json!({"from": from, "data": code, "gas": "0x1c9c380"});
        let receipt = self.mined(transaction).await.expect("created");
        receipt["contractAddress"]
            .as_str()
            .expect("an address")
            .parse()
            .expect("an address")
    }

    async fn send(
        &self,
        from: Address,
        to: Address,
        data: Vec<u8>,
        value: U256,
    ) -> Result<Value, String> {
        let data = format!("0x{}", hex::encode(data));
        self.mined(
            json!({"from": from, "to": to, "data": data, "value": value, "gas": "0x1c9c380"}),
        )
        .await
    }

    async fn mined(&self, transaction: Value) -> Result<Value, String> {
        let hash = self
            .try_call("eth_sendTransaction", json!([transaction]))
            .await?;
        loop {
            let receipt = self
                .try_call("eth_getTransactionReceipt", json!([hash]))
                .await?;
            if receipt["status"] == "0x1" {
                return Ok(receipt);
            }
            if !receipt.is_null() {
                return Err(format!("reverted: {receipt}"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn parse(hex: &Value) -> U256 {
    hex.as_str().expect("a number").parse().expect("a number")
}
