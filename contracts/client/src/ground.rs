//! A chain before anything of ours stands on it: what deploying needs.

use crate::config::Config;
use crate::preflight::Problem;
use crate::reader::Core;
use crate::rpc::{At, Header, Line, RpcError};
use crate::sender::{Desk, Sender};
use crate::wallet::Wallet;
use alloy_primitives::{Address, B256, Bytes, U256};
use std::sync::Arc;

/// One chain, at its newest block. The configured market is not looked at.
#[derive(Clone)]
pub struct Ground {
    core: Arc<Core>,
}

impl Ground {
    /// Looks at the chain, and refuses with one line another one than configured.
    pub async fn connect(config: Config) -> Result<Self, Problem> {
        let core = Arc::new(Core::new(config)?);
        let ground = Self { core };
        ground.head().await?;
        Ok(ground)
    }

    /// The desk must be run. Before its first act it sends a transfer of nothing, which takes
    /// one nonce.
    pub fn sender(&self, wallet: Wallet) -> (Sender, Desk) {
        Sender::new(self.core.clone(), wallet)
    }

    pub async fn head(&self) -> Result<Header, RpcError> {
        let ask = |line: Line| async move { line.latest().await };
        self.core.pool.with(ask).await
    }

    /// The code at an address; empty where there is no contract.
    pub async fn code(&self, of: Address) -> Result<Bytes, RpcError> {
        let ask = |line: Line| async move { line.code(of).await };
        self.core.pool.with(ask).await
    }

    pub async fn balance(&self, of: Address) -> Result<U256, RpcError> {
        let ask = |line: Line| async move { line.balance(of).await };
        self.core.pool.with(ask).await
    }

    /// How many transactions the account has sent: its next nonce.
    pub async fn count(&self, of: Address) -> Result<u64, RpcError> {
        let ask = |line: Line| async move { line.count(of, At::Latest).await };
        self.core.pool.with(ask).await
    }

    /// The contract a transaction has made, if it was included and made one.
    pub async fn made_by(&self, transaction: B256) -> Result<Option<Address>, RpcError> {
        let ask = |line: Line| async move { line.receipt(transaction).await };
        let receipt = self.core.pool.with(ask).await?;
        Ok(receipt.and_then(|receipt| receipt.contract_address))
    }
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ground")
            .field("chain_id", &self.core.config.chain_id)
            .finish_non_exhaustive()
    }
}
