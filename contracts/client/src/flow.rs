//! 0G Storage's flow contract, where content is submitted and paid for.
//!
//! What this wallet submitted is read from the contract's events: final ones once, the rest
//! anew each time. Nothing is looked for while a transaction of ours is still pending.

use crate::failure::Failure;
use crate::reader::{Core, Reader};
use crate::refusal::Refusal;
use crate::rpc::words::Log;
use crate::rpc::{At, Fault, Line, RpcError};
use crate::sender::{Act, Outcome, Sender};
use abi::{Data, Sub, Submit};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{SolCall, SolEvent};
use proto::{Root, Wei};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[allow(
    missing_debug_implementations,
    unreachable_pub,
    clippy::pedantic,
    clippy::as_conversions,
    clippy::wildcard_enum_match_arm,
    clippy::map_err_ignore,
    reason = "generated from the interface"
)]
mod abi {
    alloy_sol_types::sol! {
        struct Node { bytes32 root; uint256 height; }
        struct Data { uint256 length; bytes tags; Node[] nodes; }
        struct Sub { Data data; address submitter; }
        function submit(Sub submission) payable;
        function market() view returns (address);
        function pricePerSector() view returns (uint256);
        event Submit(address indexed sender, bytes32 indexed identity, uint256 submissionIndex, uint256 startPos, uint256 length, Data submission);
    }
}

/// The contract, and the wallet that pays there.
#[derive(Clone)]
pub struct Flow {
    core: Arc<Core>,
    sender: Sender,
    contract: Address,
    seen: Arc<Mutex<Seen>>,
}

/// A subtree of the content: its root and its height above the chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowNode {
    pub root: Root,
    pub height: u32,
}

/// By root and size: the number of the submission.
type Submissions = BTreeMap<(Root, u64), u64>;

/// What final blocks before `next` tell.
#[derive(Debug)]
struct Seen {
    next: u64,
    ours: Submissions,
}

impl Flow {
    /// Beside this market. `first_block` is where this wallet may have begun to submit.
    pub fn new(reader: &Reader, sender: Sender, contract: Address, first_block: u64) -> Self {
        Self {
            core: reader.core.clone(),
            sender,
            contract,
            seen: Arc::new(Mutex::new(Seen {
                next: first_block,
                ours: Submissions::new(),
            })),
        }
    }

    /// What one sector of 256 bytes costs.
    pub async fn price_per_sector(&self) -> Result<Wei, RpcError> {
        let flow = self.contract;
        let ask = |line: Line| async move {
            let market = view(&line, flow, abi::marketCall {}).await?;
            view(&line, market, abi::pricePerSectorCall {}).await
        };
        self.core.pool.with(ask).await.map(Wei)
    }

    /// The number under which this wallet submitted this content, if it did.
    pub async fn submitted(&self, root: Root, size: u64) -> Result<Option<u64>, Failure> {
        self.sender.settle_past().await?;
        let tail = self.read_on().await?;
        let content = (root, size);
        let known = self.seen().ours.get(&content).copied();
        Ok(known.or_else(|| tail.get(&content).copied()))
    }

    /// Submits content with this fee, and says under which number. Whether it went through
    /// is not known after [`Failure::Unsettled`]: look before trying again.
    pub async fn submit(
        &self,
        (root, size): (Root, u64),
        nodes: &[FlowNode],
        fee: Wei,
    ) -> Result<u64, Failure> {
        let act = Act {
            to: Some(self.contract),
            data: self.call(size, nodes).abi_encode().into(),
            value: fee.0,
        };
        match self.sender.send(act).await? {
            Outcome::Included { .. } => {}
            Outcome::Refused(data) => return Err(Refusal::from_revert(&data).into()),
            Outcome::Displaced => return Err(Failure::Unsettled),
        }
        let found = self.submitted(root, size).await?;
        found.ok_or(Failure::Unsettled)
    }

    fn call(&self, size: u64, nodes: &[FlowNode]) -> abi::submitCall {
        let node = |node: &FlowNode| abi::Node {
            root: node.root.0.into(),
            height: U256::from(node.height),
        };
        let data = Data {
            length: U256::from(size),
            tags: Vec::new().into(),
            nodes: nodes.iter().map(node).collect(),
        };
        let submitter = self.sender.wallet();
        abi::submitCall {
            submission: Sub { data, submitter },
        }
    }

    /// Reads final blocks for good, and says what those after them tell now.
    async fn read_on(&self) -> Result<Submissions, RpcError> {
        let (from, span) = (self.seen().next, self.core.config.page_blocks.max(1));
        let finality = self.core.config.finality;
        let (flow, topics) = (self.contract, self.topics());
        let read = |line: Line| async move {
            let last_final = line.last_final(finality).await?.number;
            let latest = line.latest().await?.number;
            let settled = pages(&line, flow, topics, (from, last_final), span).await?;
            let tail = (from.max(last_final.saturating_add(1)), latest);
            let tail = pages(&line, flow, topics, tail, span).await?;
            Ok((last_final, settled, tail))
        };
        let (last_final, settled, tail) = self.core.pool.with(read).await?;
        let mut seen = self.seen();
        seen.ours.extend(settled);
        seen.next = seen.next.max(last_final.saturating_add(1));
        Ok(tail)
    }

    fn topics(&self) -> [B256; 2] {
        [Submit::SIGNATURE_HASH, self.sender.wallet().into_word()]
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn view<C: SolCall + Sync>(line: &Line, of: Address, call: C) -> Result<C::Return, Fault> {
    let answer = line.call(of, &call.abi_encode(), At::Latest).await?;
    C::abi_decode_returns(&answer).map_err(|_shape| Fault::Malformed)
}

/// From the first of these blocks to the last, both included.
async fn pages(
    line: &Line,
    flow: Address,
    topics: [B256; 2],
    (first, last): (u64, u64),
    span: u64,
) -> Result<Submissions, Fault> {
    let mut found = Submissions::new();
    let mut from = first;
    while from <= last {
        let to = from.saturating_add(span - 1).min(last);
        let logs = line.logs_about(flow, topics, from, to).await?;
        found.extend(logs.iter().filter_map(submission));
        from = to.saturating_add(1);
    }
    Ok(found)
}

/// The event's `identity` is not the root: its nodes, joined from the right, are.
fn submission(log: &Log) -> Option<((Root, u64), u64)> {
    let event = Submit::decode_raw_log(&log.topics, &log.data).ok()?;
    let roots = event.submission.nodes.iter().rev().map(|node| node.root);
    let root = roots.reduce(|right, left| keccak256([left.0, right.0].concat()))?;
    let size = event.submission.length.try_into().ok()?;
    let number = event.submissionIndex.try_into().ok()?;
    Some(((Root(root.0), size), number))
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flow")
            .field("contract", &self.contract)
            .finish_non_exhaustive()
    }
}
