//! What every face of the client shares: the URLs, and the highest block known to be final.

use crate::config::{Config, ConfigError};
use crate::event::Place;
use crate::rpc::{At, Fault, Header, Line, Pool, RpcError};
use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) pool: Pool,
    /// The highest block that any URL has shown to be final: a slower one does not
    /// take us back.
    final_seen: AtomicU64,
}

impl Core {
    pub(crate) fn new(config: Config) -> Result<Self, ConfigError> {
        Ok(Self {
            pool: Pool::new(&config)?,
            config,
            final_seen: AtomicU64::new(0),
        })
    }

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
