//! One nonce in the air: everything that was signed for it.

use super::fees::Fees;
use super::{Act, Outcome, SendError};
use crate::reader::Core;
use crate::rpc::{At, Fault, Line, RpcError};
use crate::wallet::Wallet;
use alloy_consensus::TxEip1559;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{B256, Bytes, TxKind};
use tokio::time::Instant;

/// A receipt may come later than the count that proves it exists.
const LATE_RECEIPTS: u32 = 20;

pub(crate) struct Flight<'a> {
    pub(crate) core: &'a Core,
    pub(crate) wallet: &'a Wallet,
    pub(crate) act: &'a Act,
    pub(crate) nonce: u64,
    pub(crate) gas: u64,
    pub(crate) fees: Fees,
    signed: Vec<B256>,
}

impl<'a> Flight<'a> {
    pub(crate) fn new(
        core: &'a Core,
        wallet: &'a Wallet,
        act: &'a Act,
        nonce: u64,
        (gas, fees): (u64, Fees),
    ) -> Self {
        let signed = Vec::new();
        Self {
            core,
            wallet,
            act,
            nonce,
            gas,
            fees,
            signed,
        }
    }

    /// Sends, watches, bids more, until the nonce is used or patience is spent.
    pub(crate) async fn land(&mut self) -> Result<Outcome, SendError> {
        let timing = self.core.config.timing;
        let give_up_at = Instant::now() + timing.patience;
        loop {
            self.launch().await;
            let bump_at = (Instant::now() + timing.bump_after).min(give_up_at);
            if self.used_by(bump_at).await {
                return self.outcome().await;
            }
            if Instant::now() >= give_up_at {
                return Err(SendError::Pending { nonce: self.nonce });
            }
            self.bid_more().await;
        }
    }

    /// Tells every URL. What they answer does not matter: only the chain says what happened.
    async fn launch(&mut self) {
        let Some((hash, raw)) = self.sign() else {
            return;
        };
        if !self.signed.contains(&hash) {
            self.signed.push(hash);
        }
        let raw = &raw;
        let tell = |line: Line| async move { line.send_raw(raw).await };
        self.core.pool.tell(tell).await;
        tracing::debug!(nonce = self.nonce, %hash, bid = self.fees.most, "sent");
    }

    fn sign(&self) -> Option<(B256, Bytes)> {
        let transaction = TxEip1559 {
            chain_id: self.core.config.chain_id,
            nonce: self.nonce,
            gas_limit: self.gas,
            max_fee_per_gas: self.fees.most,
            max_priority_fee_per_gas: self.fees.tip,
            to: self.act.to.map_or(TxKind::Create, TxKind::Call),
            value: self.act.value,
            access_list: alloy_eips::eip2930::AccessList::default(),
            input: self.act.data.clone(),
        };
        let sealed = self.wallet.seal(transaction)?;
        Some((*sealed.tx_hash(), sealed.encoded_2718().into()))
    }

    /// Whether the nonce was used before this moment.
    async fn used_by(&self, moment: Instant) -> bool {
        loop {
            if self.is_used().await.unwrap_or(false) {
                return true;
            }
            if Instant::now() >= moment {
                return false;
            }
            tokio::time::sleep(self.core.config.timing.poll).await;
        }
    }

    async fn is_used(&self) -> Result<bool, RpcError> {
        let of = self.wallet.address();
        let ask = |line: Line| async move { line.count(of, At::Latest).await };
        Ok(self.core.pool.with(ask).await? > self.nonce)
    }

    async fn bid_more(&mut self) {
        let fresh = fresh_fees(self.core).await.unwrap_or(self.fees);
        // At the most we may bid, the same transaction is told again.
        if let Some(fees) = fresh.over(self.fees, self.core.config.fees) {
            self.fees = fees;
        }
    }

    async fn outcome(&self) -> Result<Outcome, SendError> {
        for _ in 0..LATE_RECEIPTS {
            for &hash in self.signed.iter().rev() {
                let found = self.receipt(hash).await?;
                if let Some(outcome) = found {
                    return self.judged(hash, outcome).await;
                }
            }
            tokio::time::sleep(self.core.config.timing.poll).await;
        }
        Ok(Outcome::Displaced)
    }

    async fn receipt(&self, hash: B256) -> Result<Option<(u64, bool)>, RpcError> {
        let ask = |line: Line| async move {
            let receipt = line.receipt(hash).await?;
            let right = receipt
                .as_ref()
                .is_none_or(|found| found.transaction_hash == hash);
            if !right {
                return Err(Fault::Malformed);
            }
            Ok(receipt.map(|found| (found.block_number, found.status == 1)))
        };
        self.core.pool.with(ask).await
    }

    async fn judged(
        &self,
        transaction: B256,
        (block, done): (u64, bool),
    ) -> Result<Outcome, SendError> {
        if done {
            return Ok(Outcome::Included { block, transaction });
        }
        match self.replayed(block).await {
            Err(RpcError::Reverted(data)) => Ok(Outcome::Refused(data)),
            // It failed where it stood and would not here; the chain has to be read.
            Ok(_) => Ok(Outcome::Refused(Bytes::new())),
            Err(error) => Err(error.into()),
        }
    }

    async fn replayed(&self, block: u64) -> Result<Bytes, RpcError> {
        let call = &self.act.as_call(self.wallet.address());
        let ask = |line: Line| async move { line.replay(call.clone(), At::Block(block)).await };
        self.core.pool.with(ask).await
    }
}

pub(crate) async fn fresh_fees(core: &Core) -> Result<Fees, RpcError> {
    let policy = core.config.fees;
    let ask = |line: Line| async move {
        let base = line.latest().await?.base_fee();
        // Not every node has an opinion on tips.
        let tip = match line.tip().await {
            Ok(tip) => tip,
            Err(Fault::Refused(_)) => policy.tip_least,
            Err(fault) => return Err(fault),
        };
        Ok(Fees::fresh(base, tip, policy))
    };
    core.pool.with(ask).await
}
