//! The reader: what the market holds, for good. It needs no wallet.

use crate::bindings::{IFineTuningTypes as Zg, ISealtuneTypes as Ours, Market};
use crate::config::Config;
use crate::event::Place;
use crate::follow::{Cursor, Follower};
use crate::preflight::Problem;
use crate::rpc::{At, Fault, Header, Line, Pool, RpcError, UrlHealth};
use alloy_primitives::{Address, FixedBytes, U256};
use alloy_sol_types::SolCall;
use proto::TaskId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) pool: Pool,
    /// The highest block that any URL has shown to be final: a slower one does not
    /// take us back.
    final_seen: AtomicU64,
}

impl Reader {
    /// Looks at the chain and the contract, and refuses with one line what is not as configured.
    pub async fn connect(config: Config) -> Result<Self, Problem> {
        let pool = Pool::new(&config)?;
        let core = Core {
            config,
            pool,
            final_seen: AtomicU64::new(0),
        };
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

/// The market's state at one block, on one line.
#[derive(Clone)]
pub(crate) struct Snapshot {
    line: Line,
    market: Address,
    at: At,
    /// The time of that block.
    pub(crate) time: u64,
}

impl Snapshot {
    pub(crate) async fn view<C: SolCall + Sync>(&self, call: &C) -> Result<C::Return, Fault> {
        let answer = self
            .line
            .call(self.market, &call.abi_encode(), self.at)
            .await?;
        C::abi_decode_returns(&answer).map_err(|_shape| Fault::Malformed)
    }
}

impl Core {
    pub(crate) fn place(&self) -> Place {
        Place {
            chain_id: self.config.chain_id,
            contract: self.config.market,
        }
    }

    /// Asks about the newest final state.
    pub(crate) async fn finally<T, Asked>(
        &self,
        ask: impl Fn(Snapshot) -> Asked + Send + Sync,
    ) -> Result<T, RpcError>
    where
        Asked: Future<Output = Result<T, Fault>> + Send,
        T: Send,
    {
        let ask = &ask;
        self.pool
            .with(|line| async move {
                let head = self.newest_final(&line).await?;
                let snap = self.snapshot(line, At::Block(head.number), &head);
                let answer = ask(snap).await?;
                // Only now: a line that answers about this block has it.
                self.final_seen.fetch_max(head.number, Ordering::Relaxed);
                Ok(answer)
            })
            .await
    }

    /// Asks about the newest state, which may yet go away.
    pub(crate) async fn now<T, Asked>(
        &self,
        ask: impl Fn(Snapshot) -> Asked + Send + Sync,
    ) -> Result<T, RpcError>
    where
        Asked: Future<Output = Result<T, Fault>> + Send,
        T: Send,
    {
        let ask = &ask;
        self.pool
            .with(|line| async move {
                let head = line.latest().await?;
                ask(self.snapshot(line, At::Latest, &head)).await
            })
            .await
    }

    fn snapshot(&self, line: Line, at: At, head: &Header) -> Snapshot {
        Snapshot {
            line,
            market: self.config.market,
            at,
            time: head.timestamp,
        }
    }

    async fn newest_final(&self, line: &Line) -> Result<Header, Fault> {
        let head = line.last_final(self.config.finality).await?;
        let seen = self.final_seen.load(Ordering::Relaxed);
        if head.number >= seen {
            return Ok(head);
        }
        line.header(seen).await
    }

    async fn check_code(&self) -> Result<(), Problem> {
        let contract = self.config.market;
        let code = self
            .pool
            .with(|line| async move { line.code(contract).await })
            .await?;
        if code.is_empty() {
            let chain_id = self.config.chain_id;
            return Err(Problem::NoCode { contract, chain_id });
        }
        Ok(())
    }

    /// By ERC-165: a contract that claims everything is not believed.
    async fn detect(&self) -> Result<Mode, RpcError> {
        let full = self.supports(interface_id()).await? && !self.supports([0xff; 4].into()).await?;
        Ok(if full { Mode::Full } else { Mode::Base })
    }

    async fn supports(&self, id: FixedBytes<4>) -> Result<bool, RpcError> {
        let call = Market::supportsInterfaceCall { interfaceId: id };
        let asked = self
            .now(|snap| {
                let call = call.clone();
                async move { snap.view(&call).await }
            })
            .await;
        match asked {
            Err(RpcError::Reverted(_)) => Ok(false),
            other => other,
        }
    }
}

pub(crate) fn get_order(task: TaskId) -> Market::getOrderCall {
    Market::getOrderCall {
        orderId: task.0.into(),
    }
}

/// `type(ISealtune).interfaceId`: all its selectors, combined (ERC-165).
fn interface_id() -> FixedBytes<4> {
    macro_rules! combined {
        ($($call:ident)*) => { [$(Market::$call::SELECTOR),*] };
    }
    let selectors = combined! {
        openOrderCall acceptOrderCall withdrawOrderCall cancelOrderNonceCall releaseOrderCall
        reclaimOrderCall addBondCall withdrawBondCall slashEquivocationCall claimCall
        acceptSignerCall trustSignerCall revokeSignerCall setVerifierCall orderDigestCall
        getOrderCall reclaimableAtCall orderNonceUsedCall reservedFeeCall
        acknowledgementDeadlineCall deliverableSignerCall getBondCall claimableCall
        isVerifierCall signerAcceptedUntilCall trustedSignerCall SETTLEMENT_WINDOWCall
        UNBONDING_DELAYCall
    };
    let id = selectors.into_iter().fold([0; 4], |id: [u8; 4], selector| {
        std::array::from_fn(|i| id[i] ^ selector[i])
    });
    id.into()
}
