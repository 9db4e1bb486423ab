//! The reader: what the market holds, for good. It needs no wallet.

mod detect;
mod shared;

pub(crate) use shared::{Core, Snapshot};

use crate::bindings::{IFineTuningTypes as Zg, ISealtuneTypes as Ours, Market};
use crate::config::Config;
use crate::follow::{Cursor, Follower};
use crate::preflight::Problem;
use crate::rpc::{Header, Line, RpcError, UrlHealth};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use proto::{Seconds, TaskId};
use std::sync::Arc;

/// Which contract it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 0G's generation 3: results and settlements, no orders.
    Base,
    /// Ours: orders, bonds, windows on chain.
    Full,
}

/// One market on one chain, read only. Clones share everything.
#[derive(Clone)]
pub struct Reader {
    pub(crate) core: Arc<Core>,
    pub(crate) mode: Mode,
}

impl Reader {
    /// Looks at the chain and the contract, and refuses with one line what is not as configured.
    pub async fn connect(config: Config) -> Result<Self, Problem> {
        let core = Core::new(config)?;
        core.check_code().await?;
        let mode = core.detect().await?;
        let core = Arc::new(core);
        Ok(Self { core, mode })
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    pub fn config(&self) -> &Config {
        &self.core.config
    }

    pub fn health(&self) -> Vec<UrlHealth> {
        self.core.pool.health()
    }

    /// A follower from any height, or from where another one stood.
    pub fn follow(&self, from: Cursor) -> Follower {
        Follower::new(self.core.clone(), from)
    }

    /// A follower from the market's first block.
    pub fn follow_all(&self) -> Follower {
        self.follow(Cursor {
            next: self.core.config.deployed_at,
            last_hash: None,
        })
    }

    /// The newest final block: the chain's time is its time.
    pub async fn final_head(&self) -> Result<Header, RpcError> {
        let finality = self.core.config.finality;
        self.core
            .pool
            .with(|line| async move { line.last_final(finality).await })
            .await
    }

    /// What the newest block says the time is. It may yet go away; time does not.
    pub async fn time(&self) -> Result<Seconds, RpcError> {
        self.core.now(|snap| async move { Ok(snap.time) }).await
    }

    /// The contract's record of an order, for good.
    pub async fn order_record(&self, task: TaskId) -> Result<Ours::OrderRecord, RpcError> {
        self.view(get_order(task)).await
    }

    pub async fn service(&self, provider: Address) -> Result<Zg::Service, RpcError> {
        self.view(Market::getServiceCall { provider }).await
    }

    pub async fn account(
        &self,
        user: Address,
        provider: Address,
    ) -> Result<Zg::AccountDetails, RpcError> {
        self.view(Market::getAccountCall { user, provider }).await
    }

    pub async fn bond(&self, provider: Address) -> Result<Ours::Bond, RpcError> {
        self.view(Market::getBondCall { provider }).await
    }

    /// Wei in an account's own hands, as of now: not yet for good.
    pub async fn wealth(&self, of: Address) -> Result<U256, RpcError> {
        let ask = |line: Line| async move { line.balance(of).await };
        self.core.pool.with(ask).await
    }

    pub async fn claimable(&self, account: Address) -> Result<U256, RpcError> {
        self.view(Market::claimableCall { account }).await
    }

    /// The ledger behind the market.
    pub async fn ledger(&self) -> Result<Address, RpcError> {
        self.view(Market::ledgerAddressCall {}).await
    }

    /// Any view of the market, for good.
    pub async fn view<C: SolCall + Clone + Send + Sync>(
        &self,
        call: C,
    ) -> Result<C::Return, RpcError>
    where
        C::Return: Send,
    {
        self.core
            .finally(|snap| {
                let call = call.clone();
                async move { snap.view(&call).await }
            })
            .await
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("market", &self.core.config.market)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

pub(crate) fn get_order(task: TaskId) -> Market::getOrderCall {
    Market::getOrderCall {
        orderId: task.0.into(),
    }
}
