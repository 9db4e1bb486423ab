//! A chain with 0G's real flow and market contracts, and a submitter without keys.

use alloy_primitives::{Bytes, keccak256};
use alloy_sol_types::{SolCall, SolEvent, SolValue, sol};
use async_trait::async_trait;
use proto::{Address, Root, U256, Wei};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
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

/// Its accounts hold the keys: the second deploys, the third submits.
pub(crate) struct Anvil {
    chain: Arc<testchain::Anvil>,
    pub(crate) url: String,
    pub(crate) flow: Address,
}

#[derive(Deserialize)]
struct Code {
    flow: Bytes,
    market: Bytes,
}

impl Anvil {
    pub(crate) async fn start(modules: &Path) -> Self {
        let chain = testchain::Anvil::on_demand().await;
        let flow = deploy(&chain, code(modules)).await;
        Self {
            url: chain.url.clone(),
            chain: Arc::new(chain),
            flow,
        }
    }

    /// What the submitter has.
    pub(crate) async fn balance(&self) -> U256 {
        let from = account(&self.chain, 2).await;
        self.chain.balance(from).await
    }

    pub(crate) fn submitter(&self) -> Arc<Unlocked> {
        Arc::new(Unlocked {
            chain: self.chain.clone(),
            flow: self.flow,
        })
    }
}

async fn deploy(chain: &testchain::Anvil, code: Code) -> Address {
    let from = account(chain, 1).await;
    let reward = chain.deploy(from, REWARD.parse().expect("hex")).await;
    let market = chain.deploy(from, code.market).await;
    let delay = U256::ZERO.abi_encode();
    let flow = [code.flow.as_ref(), &delay].concat();
    let flow = chain.deploy(from, flow.into()).await;
    let begin = Flow::initializeCall {
        market,
        blocksPerEpoch: U256::from(1_000_000),
    };
    let to = |contract, call: Vec<u8>| chain.send(from, Some(contract), call.into(), U256::ZERO);
    to(flow, begin.abi_encode()).await;
    let priced = Market::initializeCall {
        pricePerSector: U256::from(PRICE),
        flow,
        reward,
    };
    to(market, priced.abi_encode()).await;
    flow
}

async fn account(chain: &testchain::Anvil, number: usize) -> Address {
    let accounts = chain.rpc("eth_accounts", json!([])).await;
    serde_json::from_value(accounts[number].clone()).expect("an address")
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
    chain: Arc<testchain::Anvil>,
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
        let logs = self.chain.rpc("eth_getLogs", filter).await;
        let logs = logs.as_array().cloned().unwrap_or_default();
        Ok(logs
            .iter()
            .find(|log| content_of(log) == content)
            .map(submitted))
    }

    async fn submit(&self, submission: &Submission, fee: Wei) -> Result<Submitted, SubmitError> {
        let from = account(&self.chain, 2).await;
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
        let call = call.abi_encode().into();
        let receipt = self.chain.send(from, Some(self.flow), call, fee.0).await;
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
