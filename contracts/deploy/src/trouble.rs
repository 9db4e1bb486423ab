//! What goes wrong, one line each.

use alloy_primitives::{Address, B256};
use chain::{BadKeyFile, Problem, Refusal, RpcError, SendError};
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("cannot start the runtime: {0}")]
    Runtime(std::io::Error),
    #[error(transparent)]
    Key(#[from] BadKeyFile),
    #[error(transparent)]
    Chain(#[from] Problem),
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error("the contract refuses: {0}")]
    Refused(Refusal),
    #[error(
        "another transaction of this wallet came in between; deploy with a wallet nobody else uses"
    )]
    Displaced,
    #[error("the wallet {0} is empty; send it money for gas")]
    WalletEmpty(Address),
    #[error(
        "the wallet has sent {sent} transactions, but the addresses of 0G's client need one that has sent at most {most}"
    )]
    WalletUsed { sent: u64, most: u64 },
    #[error("there is no contract at {address} ({name})")]
    NoCode {
        name: &'static str,
        address: Address,
    },
    #[error("the code of {name} at {address} is not this build's")]
    OtherCode {
        name: &'static str,
        address: Address,
    },
    #[error("the code hash of {name} is {found}, but {written} was written down")]
    OtherHash {
        name: &'static str,
        found: B256,
        written: B256,
    },
    #[error("cannot read {}: {why}", path.display())]
    Unreadable { path: PathBuf, why: String },
    #[error("cannot write {}: {why}", path.display())]
    Unwritable { path: PathBuf, why: std::io::Error },
}
