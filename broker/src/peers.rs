//! The nodes whose sessions this broker holds, and what is to be said to each.

use crate::job::Stage;
use crate::store::Kept;
use proto::task::LogLines;
use proto::{Address, CallError, Fence, SignedPermit, TaskId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// What waits to be said to one node. At the bound an order is not handed over: its time runs
/// out and it goes elsewhere; a caller for logs is told to come again.
const ERRANDS_MAX: usize = 256;

/// Something to be said to a node.
#[derive(Debug)]
pub enum Errand {
    /// Look at this task again: it was given to the node, or is to be cancelled there.
    Task(TaskId),
    Logs(LogsWanted),
}

/// A customer who reads her task's log through the broker.
#[derive(Debug)]
pub struct LogsWanted {
    pub task: TaskId,
    pub permit: Option<SignedPermit>,
    pub after_sequence: u64,
    pub follow: bool,
    pub to: mpsc::Sender<Result<LogLines, CallError>>,
}

#[derive(Clone, Debug, Default)]
pub struct Peers(Arc<Mutex<BTreeMap<Address, Peer>>>);

#[derive(Debug)]
struct Peer {
    fence: Fence,
    errands: mpsc::Sender<Errand>,
}

/// A node's place among the peers, given up when dropped.
#[derive(Debug)]
pub struct Seated {
    peers: Peers,
    provider: Address,
    fence: Fence,
    pub errands: mpsc::Receiver<Errand>,
}

impl Peers {
    /// A later session takes the place of an earlier one, whose errands end.
    pub fn seat(&self, provider: Address, fence: Fence) -> Option<Seated> {
        let mut peers = self.locked();
        if peers.get(&provider).is_some_and(|peer| peer.fence > fence) {
            return None;
        }
        let (sender, errands) = mpsc::channel(ERRANDS_MAX);
        let peer = Peer {
            fence,
            errands: sender,
        };
        peers.insert(provider, peer);
        drop(peers);
        Some(Seated {
            peers: self.clone(),
            provider,
            fence,
            errands,
        })
    }

    /// Tells the node to look at an order of its own, if its session is here.
    pub fn hand(&self, provider: Address, kept: &Kept) {
        let sent = self.send(provider, Errand::Task(kept.job.task));
        if sent.is_err() && matches!(kept.job.stage, Stage::Assigned { .. }) {
            tracing::debug!(code = "B-PEERS-001", %provider, "the session is elsewhere");
        }
    }

    pub fn send(&self, provider: Address, errand: Errand) -> Result<(), CallError> {
        let peers = self.locked();
        let peer = peers.get(&provider).ok_or(CallError::NodeUnreachable)?;
        let sent = peer.errands.try_send(errand);
        sent.map_err(|_full_or_gone| CallError::NodeUnreachable)
    }

    pub fn providers(&self) -> Vec<Address> {
        self.locked().keys().copied().collect()
    }

    pub fn count(&self) -> usize {
        self.locked().len()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Address, Peer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        let mut peers = self.peers.locked();
        let ours = peers.get(&self.provider);
        if ours.is_some_and(|peer| peer.fence == self.fence) {
            peers.remove(&self.provider);
        }
    }
}
