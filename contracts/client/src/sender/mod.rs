//! The one sender of transactions.
//!
//! A mailbox before a [`Desk`], which owns the wallet's nonces and serves one act at a time:
//! at most one nonce is ever open. Whoever drops its side changes nothing for the others.

mod desk;
mod fees;
mod flight;

pub use desk::Desk;

use crate::rpc::RpcError;
use crate::wallet::Wallet;
use alloy_primitives::{Address, B256, Bytes, U256};
use tokio::sync::{mpsc, oneshot};

/// Acts waiting at the desk; whoever comes when it is full waits at the door.
const MAILBOX: usize = 32;

/// One thing to do on chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Nobody: a new contract, with this data as its creation code.
    pub to: Option<Address>,
    pub data: Bytes,
    pub value: U256,
}

/// What became of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, in this block, which may yet go away.
    Included { block: u64, transaction: B256 },
    /// The contract says no, with this data. Nothing was sent, or what was sent did nothing.
    Refused(Bytes),
    /// The nonce was used by something this desk does not know. Read the chain.
    Displaced,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("the wallet {wallet} holds {has} wei and this takes {needs}; send it money")]
    WalletEmpty {
        wallet: Address,
        has: U256,
        needs: U256,
    },
    /// Sent, and not included while patience lasted. It may be at any time.
    #[error("the transaction with nonce {nonce} is still pending")]
    Pending { nonce: u64 },
    #[error("the sender has stopped")]
    Stopped,
    #[error(transparent)]
    Rpc(#[from] RpcError),
}

/// The mailbox's outside. Clones share the desk.
#[derive(Clone, Debug)]
pub struct Sender {
    jobs: mpsc::Sender<Job>,
    wallet: Address,
}

#[derive(Debug)]
enum Job {
    Act(Act, oneshot::Sender<Result<Outcome, SendError>>),
    Settle(oneshot::Sender<Result<(), SendError>>),
}

impl Sender {
    /// The mailbox and the desk; the desk must be run.
    pub(crate) fn new(core: std::sync::Arc<crate::reader::Core>, wallet: Wallet) -> (Self, Desk) {
        let (jobs, mailbox) = mpsc::channel(MAILBOX);
        let sender = Self {
            jobs,
            wallet: wallet.address(),
        };
        (sender, Desk::new(core, wallet, mailbox))
    }

    pub fn wallet(&self) -> Address {
        self.wallet
    }

    /// Does one act: to the end, or as long as the desk's patience lasts.
    pub async fn send(&self, act: Act) -> Result<Outcome, SendError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Job::Act(act, reply), answer).await
    }

    /// Answers when nothing that this wallet ever sent is still pending, whoever sent it.
    pub async fn settle_past(&self) -> Result<(), SendError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Job::Settle(reply), answer).await
    }

    async fn ask<T>(
        &self,
        job: Job,
        answer: oneshot::Receiver<Result<T, SendError>>,
    ) -> Result<T, SendError> {
        self.jobs
            .send(job)
            .await
            .map_err(|_closed| SendError::Stopped)?;
        answer.await.map_err(|_dropped| SendError::Stopped)?
    }
}
