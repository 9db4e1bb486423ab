//! The customer's side: account, orders, acknowledgement, and the ways out.

use crate::bindings::{Ledger, Market};
use crate::event::on_chain;
use crate::failure::Failure;
use crate::preflight::Problem;
use crate::reader::Reader;
use crate::refusal::Refusal;
use crate::rpc::At;
use crate::sender::{Act, Desk, Outcome, Sender};
use crate::wallet::Wallet;
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use proto::{SignedOrder, TaskId, Wei};

/// The full name under which the market is registered at the ledger.
const SERVICE: &str = "fine-tuning-v1.0";

/// One customer at one market. Each call is one transaction, and returns when it is included.
#[derive(Clone, Debug)]
pub struct Customer {
    reader: Reader,
    sender: Sender,
    ledger: Address,
}

/// What a customer's ledger account holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funds {
    pub available: Wei,
    pub total: Wei,
}

impl Customer {
    /// The desk must be run.
    pub async fn new(reader: Reader, wallet: Wallet) -> Result<(Self, Desk), Problem> {
        let ledger = reader.ledger().await?;
        let (sender, desk) = Sender::new(reader.core.clone(), wallet);
        let customer = Self {
            reader,
            sender,
            ledger,
        };
        Ok((customer, desk))
    }

    pub fn address(&self) -> Address {
        self.sender.wallet()
    }

    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// What the ledger holds, at the newest block; nothing without an account.
    pub async fn funds(&self) -> Result<Option<Funds>, Failure> {
        let call = Ledger::getLedgerCall {
            user: self.address(),
        };
        let (ledger, data) = (self.ledger, call.abi_encode());
        let data = &data;
        let ask = |line: crate::rpc::Line| async move { line.call(ledger, data, At::Latest).await };
        let answer = match self.reader.core.pool.with(ask).await {
            Ok(answer) => answer,
            Err(crate::rpc::RpcError::Reverted(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let info = Ledger::getLedgerCall::abi_decode_returns(&answer)
            .map_err(|_shape| Failure::Unsettled)?;
        Ok(Some(Funds {
            available: Wei(info.availableBalance),
            total: Wei(info.totalBalance),
        }))
    }

    /// Opens the account with a first deposit.
    pub async fn open_account(&self, deposit: Wei) -> Result<Outcome, Failure> {
        let call = Ledger::addLedgerCall {
            additionalInfo: String::new(),
        };
        self.act(self.ledger, &call, deposit).await
    }

    pub async fn deposit(&self, amount: Wei) -> Result<Outcome, Failure> {
        self.act(self.ledger, &Ledger::depositFundCall {}, amount)
            .await
    }

    /// Moves money to the sub-account at a provider; zero is the one for anybody.
    pub async fn fund(&self, provider: Address, amount: Wei) -> Result<Outcome, Failure> {
        let call = Ledger::transferFundCall {
            provider,
            serviceName: SERVICE.into(),
            amount: amount.0,
        };
        self.act(self.ledger, &call, Wei::ZERO).await
    }

    /// Collects what has matured at a provider, and asks for the rest.
    pub async fn retrieve(&self, provider: Address) -> Result<Outcome, Failure> {
        let call = Ledger::retrieveFundCall {
            providers: vec![provider],
            serviceName: SERVICE.into(),
        };
        self.act(self.ledger, &call, Wei::ZERO).await
    }

    /// Pays out of the account.
    pub async fn refund(&self, amount: Wei) -> Result<Outcome, Failure> {
        let call = Ledger::refundCall { amount: amount.0 };
        self.act(self.ledger, &call, Wei::ZERO).await
    }

    /// Opens a signed order; it need not be this customer's own.
    pub async fn open_order(&self, signed: &SignedOrder) -> Result<Outcome, Failure> {
        let call = Market::openOrderCall {
            order: on_chain(&signed.order),
            signature: signed.signature.to_bytes().into(),
        };
        self.market_act(&call).await
    }

    pub async fn withdraw_order(&self, task: TaskId) -> Result<Outcome, Failure> {
        let order_id = task.0.into();
        self.market_act(&Market::withdrawOrderCall { orderId: order_id })
            .await
    }

    pub async fn reclaim_order(&self, task: TaskId) -> Result<Outcome, Failure> {
        let order_id = task.0.into();
        self.market_act(&Market::reclaimOrderCall { orderId: order_id })
            .await
    }

    pub async fn cancel_nonce(&self, nonce: U256) -> Result<Outcome, Failure> {
        self.market_act(&Market::cancelOrderNonceCall { nonce })
            .await
    }

    /// `id` is the task's name on chain: for an order, its id as text.
    pub async fn acknowledge(&self, provider: Address, id: &str) -> Result<Outcome, Failure> {
        let id = id.into();
        self.market_act(&Market::acknowledgeDeliverableCall { provider, id })
            .await
    }

    pub async fn trust_signer(
        &self,
        provider: Address,
        signer: Address,
    ) -> Result<Outcome, Failure> {
        self.market_act(&Market::trustSignerCall { provider, signer })
            .await
    }

    pub async fn claim(&self) -> Result<Outcome, Failure> {
        self.market_act(&Market::claimCall {}).await
    }

    async fn market_act(&self, call: &impl SolCall) -> Result<Outcome, Failure> {
        self.act(self.reader.config().market, call, Wei::ZERO).await
    }

    async fn act(&self, to: Address, call: &impl SolCall, value: Wei) -> Result<Outcome, Failure> {
        let act = Act {
            to: Some(to),
            data: call.abi_encode().into(),
            value: value.0,
        };
        match self.sender.send(act).await? {
            Outcome::Refused(data) => Err(Refusal::from_revert(&data).into()),
            included @ Outcome::Included { .. } => Ok(included),
            Outcome::Displaced => Err(Failure::Unsettled),
        }
    }
}
