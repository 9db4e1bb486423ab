//! What keeps a client from working on a chain, one line each.

use crate::config::ConfigError;
use crate::rpc::{Fault, RpcError};
use alloy_primitives::{Address, U256};

#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{url} is on chain {found}, but chain {expected} is configured")]
    WrongChain {
        url: String,
        expected: u64,
        found: u64,
    },
    #[error("there is no contract at {contract} on chain {chain_id}")]
    NoCode { contract: Address, chain_id: u64 },
    #[error("the wallet {0} is empty; send it money for gas")]
    WalletEmpty(Address),
    #[error(
        "the bond of {provider} has {free} wei free, but {required} are needed; add to the bond"
    )]
    BondTooSmall {
        provider: Address,
        free: U256,
        required: U256,
    },
    #[error("provider {0} has no registered service")]
    NoService(Address),
    #[error(
        "signer {signer} of provider {provider} is accepted by nobody yet; ask the contract's owner or a verifier"
    )]
    SignerNotAccepted { provider: Address, signer: Address },
    #[error(transparent)]
    Rpc(RpcError),
}

impl From<RpcError> for Problem {
    fn from(error: RpcError) -> Self {
        match error {
            RpcError::Nobody {
                url,
                fault: Fault::WrongChain { expected, found },
            } => Self::WrongChain {
                url,
                expected,
                found,
            },
            error @ (RpcError::Nobody { .. } | RpcError::Reverted(_)) => Self::Rpc(error),
        }
    }
}
