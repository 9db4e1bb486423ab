//! Following the flow contract: every submission it saw, in its order.

use super::node::Node;
use crate::error::StoreError;
use crate::keccak::hash_pair;
use crate::zg::rpc::Rpc;
use crate::zg::wire::{Hex, Tx};
use alloy_sol_types::{SolEvent, private::B256};
use proto::{Address, Root, U256};
use serde::Deserialize;
use serde_json::json;
use std::convert::Infallible;
use std::time::Duration;
use tracing::warn;

mod abi {
    alloy_sol_types::sol! {
        struct Node { bytes32 root; uint256 height; }
        struct Data { uint256 length; bytes tags; Node[] nodes; }
        event Submit(address indexed sender, bytes32 indexed identity, uint256 submissionIndex, uint256 startPos, uint256 length, Data submission);
    }
}

/// Blocks that are asked for at once.
const BLOCKS_MAX: u64 = 1000;

/// A chain and the flow contract on it.
#[derive(Clone, Debug)]
pub struct Chain {
    pub(super) rpc: Rpc,
    pub(super) id: u64,
    pub(super) flow: Address,
    first_block: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    topics: Vec<Hex>,
    data: String,
}

#[derive(Deserialize)]
struct Block {
    hash: Hex,
}

impl Chain {
    /// Asks the chain at `url` who it is. `first_block` is where the contract began.
    pub async fn at(url: &str, flow: Address, first_block: u64) -> Result<Self, StoreError> {
        let rpc = Rpc::new(url, Duration::from_secs(30))?;
        let id = number(&rpc, &rpc.call::<String>("eth_chainId", ()).await?)?;
        Ok(Self {
            rpc,
            id,
            flow,
            first_block,
        })
    }

    async fn head(&self) -> Result<u64, StoreError> {
        number(
            &self.rpc,
            &self.rpc.call::<String>("eth_blockNumber", ()).await?,
        )
    }

    async fn submissions(&self, from: u64, to: u64) -> Result<Vec<Tx>, StoreError> {
        let filter = json!({
            "address": self.flow,
            "fromBlock": format!("0x{from:x}"),
            "toBlock": format!("0x{to:x}"),
            "topics": [Hex(Root(abi::Submit::SIGNATURE_HASH.0))],
        });
        let logs: Vec<Log> = self.rpc.call("eth_getLogs", (filter,)).await?;
        let decoded = logs
            .iter()
            .map(|log| decode(log).ok_or_else(|| malformed(&self.rpc, "a Submit event")));
        decoded.collect()
    }

    async fn hash(&self, block: u64) -> Result<[u8; 32], StoreError> {
        let block: Block = self
            .rpc
            .call("eth_getBlockByNumber", (format!("0x{block:x}"), false))
            .await?;
        Ok(block.hash.0.0)
    }
}

fn decode(log: &Log) -> Option<Tx> {
    let data = hex::decode(log.data.strip_prefix("0x")?).ok()?;
    let topics = log.topics.iter().map(|topic| B256::from(topic.0.0));
    let event = abi::Submit::decode_raw_log(topics, &data).ok()?;
    let nodes = event
        .submission
        .nodes
        .iter()
        .map(|node| Some((small(node.height)?, Hex(Root(node.root.0)))));
    Some(Tx {
        stream_ids: Vec::new(),
        data: Vec::new(),
        data_merkle_root: root_of_nodes(&event.submission.nodes)?,
        merkle_nodes: nodes.collect::<Option<_>>()?,
        start_entry_index: small(event.startPos)?,
        size: small(event.submission.length)?,
        seq: small(event.submissionIndex)?,
    })
}

/// The file root: the nodes joined from the right. The event's `identity` is a digest
/// of the submission, not the root.
fn root_of_nodes(nodes: &[abi::Node]) -> Option<Root> {
    let roots = nodes.iter().rev().map(|node| node.root.0);
    roots
        .reduce(|right, left| hash_pair(&left, &right))
        .map(Root)
}

fn small<T: TryFrom<U256>>(number: U256) -> Option<T> {
    T::try_from(number).ok()
}

fn number(rpc: &Rpc, hex: &str) -> Result<u64, StoreError> {
    let digits = hex
        .strip_prefix("0x")
        .and_then(|digits| u64::from_str_radix(digits, 16).ok());
    digits.ok_or_else(|| malformed(rpc, "a number"))
}

fn malformed(rpc: &Rpc, what: &str) -> StoreError {
    StoreError::Malformed {
        place: rpc.url().to_owned(),
        what: what.to_owned(),
    }
}

/// The work of following the chain, for as long as it is polled.
#[derive(Clone, Copy, Debug)]
pub struct Watching {
    pub poll: Duration,
}

impl Watching {
    /// Reads new blocks until it is dropped. Without a chain it just waits.
    pub async fn follow(self, node: &Node) -> Infallible {
        loop {
            if let Some(chain) = &node.chain
                && let Err(error) = catch_up(node, chain).await
            {
                warn!(%error, "the chain cannot be read, it will be asked again");
            }
            tokio::time::sleep(self.poll).await;
        }
    }
}

/// Reads up to the head; what was read stays read.
async fn catch_up(node: &Node, chain: &Chain) -> Result<(), StoreError> {
    let head = chain.head().await?;
    let mut next = (node.ledger().height + 1).max(chain.first_block);
    while next <= head {
        let last = head.min(next + BLOCKS_MAX - 1);
        let submissions = chain.submissions(next, last).await?;
        let hash = chain.hash(last).await?;
        let mut ledger = node.ledger();
        for tx in submissions {
            ledger.record(tx);
        }
        ledger.height = last;
        ledger.block = hash;
        drop(ledger);
        next = last + 1;
    }
    Ok(())
}
