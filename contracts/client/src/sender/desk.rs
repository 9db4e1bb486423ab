//! The desk: the one owner of the wallet's nonces.

use super::fees::Fees;
use super::flight::{Flight, fresh_fees};
use super::{Act, Job, Outcome, SendError};
use crate::reader::Core;
use crate::rpc::{At, Line, RpcError};
use crate::wallet::Wallet;
use alloy_primitives::{Address, Bytes, U256};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// What a transfer of nothing takes.
const TRANSFER_GAS: u64 = 21_000;

/// Serves one act at a time. Dropping it is as good as a kill: the next desk reads the chain.
pub struct Desk {
    core: Arc<Core>,
    wallet: Wallet,
    mailbox: mpsc::Receiver<Job>,
    /// Whether everything sent in earlier lives is known to be over.
    past_is_over: bool,
}

impl Desk {
    pub(super) fn new(core: Arc<Core>, wallet: Wallet, mailbox: mpsc::Receiver<Job>) -> Self {
        Self {
            core,
            wallet,
            mailbox,
            past_is_over: false,
        }
    }

    /// Serves until every [`super::Sender`] is gone.
    pub async fn run(mut self) {
        while let Some(job) = self.mailbox.recv().await {
            match job {
                Job::Act(act, reply) => {
                    let outcome = self.send(&act).await;
                    // Whoever asked may be gone; what was done stays done.
                    let _gone = reply.send(outcome);
                }
                Job::Settle(reply) => {
                    let _gone = reply.send(self.settle_all().await);
                }
            }
        }
    }

    async fn send(&mut self, act: &Act) -> Result<Outcome, SendError> {
        self.settle_past().await?;
        let fees = fresh_fees(&self.core).await?;
        // First: nodes simulate nothing for who cannot pay, and say so in their own words.
        self.check_money(act.value, TRANSFER_GAS, fees).await?;
        let gas = match self.estimate(act).await {
            Ok(gas) => gas,
            Err(RpcError::Reverted(data)) => return Ok(Outcome::Refused(data)),
            Err(error) => return Err(error.into()),
        };
        self.check_money(act.value, gas, fees).await?;
        let nonce = self.count(At::Latest).await?;
        self.fly(act, nonce, gas, fees).await
    }

    async fn fly(
        &mut self,
        act: &Act,
        nonce: u64,
        gas: u64,
        fees: Fees,
    ) -> Result<Outcome, SendError> {
        let mut flight = Flight::new(&self.core, &self.wallet, act, nonce, (gas, fees));
        let landed = flight.land().await;
        // A nonce left in the air is the past of the next act.
        self.past_is_over = landed.is_ok();
        landed
    }

    /// Makes sure that nothing sent earlier, by whomever and however long ago, can still
    /// happen: what is pending gets its time, then a transfer of nothing takes the next nonce.
    /// Because at most one nonce was ever open, none is left.
    async fn settle_past(&mut self) -> Result<(), SendError> {
        if self.past_is_over {
            return Ok(());
        }
        self.let_pending_land().await?;
        let nonce = self.count(At::Latest).await?;
        let fees = fresh_fees(&self.core).await?;
        self.check_money(U256::ZERO, TRANSFER_GAS, fees).await?;
        let nothing = Act {
            to: Some(self.wallet.address()),
            data: Bytes::new(),
            value: U256::ZERO,
        };
        self.fly(&nothing, nonce, TRANSFER_GAS, fees).await?;
        self.past_is_over = false;
        self.wait_until_final(nonce).await?;
        self.past_is_over = true;
        Ok(())
    }

    /// The past, and everything this desk has sent, for good.
    async fn settle_all(&mut self) -> Result<(), SendError> {
        self.settle_past().await?;
        match self.count(At::Pending).await? {
            0 => Ok(()),
            sent => self.wait_until_final(sent - 1).await,
        }
    }

    async fn let_pending_land(&self) -> Result<(), SendError> {
        let give_up_at = Instant::now() + self.core.config.timing.bump_after;
        while Instant::now() < give_up_at {
            if self.count(At::Pending).await? <= self.count(At::Latest).await? {
                return Ok(());
            }
            tokio::time::sleep(self.core.config.timing.poll).await;
        }
        Ok(())
    }

    async fn wait_until_final(&self, nonce: u64) -> Result<(), SendError> {
        let give_up_at = Instant::now() + self.core.config.timing.patience;
        while self.final_count().await? <= nonce {
            if Instant::now() >= give_up_at {
                return Err(SendError::Pending { nonce });
            }
            tokio::time::sleep(self.core.config.timing.poll).await;
        }
        Ok(())
    }

    async fn final_count(&self) -> Result<u64, RpcError> {
        let of = self.wallet.address();
        let finality = self.core.config.finality;
        let ask = |line: Line| async move {
            let head = line.last_final(finality).await?;
            line.count(of, At::Block(head.number)).await
        };
        self.core.pool.with(ask).await
    }

    async fn count(&self, at: At) -> Result<u64, RpcError> {
        let of = self.wallet.address();
        let ask = |line: Line| async move { line.count(of, at).await };
        self.core.pool.with(ask).await
    }

    /// A quarter more than it takes now: others' acts may come first and change what it takes.
    async fn estimate(&self, act: &Act) -> Result<u64, RpcError> {
        let call = &act.as_call(self.wallet.address());
        let ask = |line: Line| async move { line.estimate(call.clone()).await };
        let gas = self.core.pool.with(ask).await?;
        Ok(gas.saturating_add(gas / 4))
    }

    async fn check_money(&self, value: U256, gas: u64, fees: Fees) -> Result<(), SendError> {
        let wallet = self.wallet.address();
        let ask = |line: Line| async move { line.balance(wallet).await };
        let has = self.core.pool.with(ask).await?;
        let for_gas = U256::from(gas).saturating_mul(U256::from(fees.most));
        let needs = value.saturating_add(for_gas);
        if has < needs {
            return Err(SendError::WalletEmpty { wallet, has, needs });
        }
        Ok(())
    }
}

impl Act {
    pub(crate) fn as_call(&self, from: Address) -> Value {
        json!({ "from": from, "to": self.to, "data": self.data, "value": self.value })
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk")
            .field("wallet", &self.wallet)
            .field("past_is_over", &self.past_is_over)
            .finish_non_exhaustive()
    }
}
