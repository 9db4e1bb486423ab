//! The bank: her account, her orders and her acknowledgements on chain.
//!
//! Each act is one transaction, and is waited for until it is final: what the next command reads
//! is then what this one did.

use crate::config::Config;
use crate::trouble::{Kind, Money, Trouble};
use crate::voice::Voice;
use alloy_primitives::Bytes;
use chain::bindings::IFineTuningTypes::Deliverable;
use chain::bindings::Market as Abi;
use chain::{Customer, Failure, Mode, Outcome, Reader, RpcError, Standing, Wallet};
use proto::{
    Action, Address, Order, Permit, Root, Scope, SignedOrder, SignedPermit, TaskId, U256, Wei,
};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long a permit is good.
const PERMIT_SECS: u64 = 3_600;
/// How long blocks may take to become final.
const FINAL_PATIENCE: Duration = Duration::from_mins(15);

/// Her wallet at the market.
#[derive(Debug)]
pub struct Bank {
    pub customer: Customer,
    wallet: Wallet,
    poll: Duration,
    voice: Voice,
    _desk: JoinSet<()>,
}

/// What she has where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// In the account, free to move.
    pub available: Wei,
    /// The account and all that lies at providers.
    pub total: Wei,
}

/// What she has at one provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtProvider {
    pub balance: Wei,
    /// On its way back to the account.
    pub pending: Wei,
    /// Set aside for open orders.
    pub reserved: Wei,
}

impl AtProvider {
    pub fn free(&self) -> Wei {
        let taken = self.pending.checked_add(self.reserved);
        let free = taken.and_then(|taken| self.balance.checked_sub(taken));
        free.unwrap_or(Wei::ZERO)
    }
}

/// What a transaction's hash is.
pub type Hash = String;

impl Bank {
    pub async fn open(config: &Config, wallet: Wallet, voice: Voice) -> Result<Self, Trouble> {
        let reader = reader(config).await?;
        let signer = wallet.again();
        let (customer, desk) = Customer::new(reader, wallet).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(desk.run());
        Ok(Self {
            customer,
            wallet: signer,
            poll: config.poll(),
            voice,
            _desk: tasks,
        })
    }

    pub fn address(&self) -> Address {
        self.customer.address()
    }

    pub fn reader(&self) -> &Reader {
        self.customer.reader()
    }

    pub async fn holdings(&self) -> Result<Option<Holdings>, Trouble> {
        let funds = self.customer.funds().await?;
        Ok(funds.map(|funds| Holdings {
            available: funds.available,
            total: funds.total,
        }))
    }

    pub async fn at(&self, provider: Address) -> Result<AtProvider, Trouble> {
        at_provider(self.reader(), self.address(), provider).await
    }

    /// Waits until what a transaction did cannot go away; its hash.
    pub async fn done(&self, what: &'static str, outcome: Outcome) -> Result<Hash, Trouble> {
        let Outcome::Included { block, transaction } = outcome else {
            return Err(Failure::Unsettled.into());
        };
        let bar = self.voice.wait(what);
        let until_final = async {
            loop {
                if self.reader().final_head().await?.number >= block {
                    return Ok(transaction.to_string());
                }
                tokio::time::sleep(self.poll).await;
            }
        };
        let waited = tokio::time::timeout(FINAL_PATIENCE, until_final).await;
        bar.finish_and_clear();
        waited.unwrap_or_else(|_late| Err(Failure::Unsettled.into()))
    }

    pub fn sign_order(&self, order: Order) -> Result<SignedOrder, Trouble> {
        let signature = self.sign(order.id().as_bytes())?;
        Ok(SignedOrder { order, signature })
    }

    /// Lets whoever shows it do one thing with one task, for an hour.
    pub async fn permit(&self, action: Action, task: TaskId) -> Result<SignedPermit, Trouble> {
        let config = self.reader().config();
        let permit = Permit {
            chain_id: config.chain_id,
            contract: config.market,
            customer: self.address(),
            action,
            scope: Scope::Task(task),
            expires: self.reader().time().await?.saturating_add(PERMIT_SECS),
        };
        let signature = self.sign(&permit.digest())?;
        Ok(SignedPermit { permit, signature })
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<proto::Signature, Trouble> {
        let refused = || Trouble::new(Kind::Input, "the wallet refuses to sign");
        self.wallet.sign(digest).ok_or_else(refused)
    }

    /// Moves what an order needs from her account to the provider's sub-account.
    pub async fn cover(&self, move_: Wei, provider: Address) -> Result<Hash, Trouble> {
        let outcome = self.customer.fund(provider, move_).await?;
        self.done("money moves to the provider's sub-account", outcome)
            .await
    }
}

/// The chain without a wallet.
pub async fn reader(config: &Config) -> Result<Reader, Trouble> {
    Ok(Reader::connect(config.chain()).await?)
}

pub async fn at_provider(
    reader: &Reader,
    user: Address,
    provider: Address,
) -> Result<AtProvider, Trouble> {
    let account = match reader.account(user, provider).await {
        Err(RpcError::Reverted(_)) => return Ok(AtProvider::default()),
        known => known?,
    };
    let reserved = match reader.mode() {
        Mode::Base => U256::ZERO,
        Mode::Full => reader.view(Abi::reservedFeeCall { user, provider }).await?,
    };
    Ok(AtProvider {
        balance: Wei(account.balance),
        pending: Wei(account.pendingRefund),
        reserved: Wei(reserved),
    })
}

/// How an order stands for good; nothing, if the chain does not know it.
pub async fn standing(
    reader: &Reader,
    order: &Order,
    provider: Address,
) -> Result<Option<Standing>, Trouble> {
    if reader.mode() == Mode::Full {
        let known = reader.standing(order.id()).await?;
        return Ok(known.map(|(standing, _provider)| standing));
    }
    let delivered = deliverable(reader, order, provider).await?;
    Ok(delivered.map(|delivered| {
        let blob = root(&delivered.modelRootHash);
        match (delivered.settled, delivered.acknowledged) {
            (true, _) => Standing::Settled,
            (false, true) => Standing::Acknowledged { blob },
            (false, false) => Standing::Delivered { blob },
        }
    }))
}

/// What the contract holds of a result, once it does.
pub async fn deliverable(
    reader: &Reader,
    order: &Order,
    provider: Address,
) -> Result<Option<Deliverable>, Trouble> {
    let (user, id) = (order.customer, order.id().to_string());
    let call = Abi::getDeliverableCall { user, provider, id };
    match reader.view(call).await {
        Ok(delivered) => Ok(Some(delivered)),
        Err(RpcError::Reverted(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whose signature the result must bear.
pub async fn result_signer(
    reader: &Reader,
    order: &Order,
    provider: Address,
) -> Result<Address, Trouble> {
    let (user, id) = (order.customer, order.id().to_string());
    match reader.mode() {
        Mode::Full => {
            let call = Abi::deliverableSignerCall { user, provider, id };
            Ok(reader.view(call).await?)
        }
        Mode::Base => Ok(reader.service(provider).await?.teeSignerAddress),
    }
}

/// Providers may write anything; what is no root is nobody's: zero.
pub fn root(bytes: &Bytes) -> Root {
    Root(bytes.as_ref().try_into().unwrap_or_default())
}

/// Says what an order that did not come through did to the money.
pub fn money_of(standing: Option<Standing>, fee_max: Wei) -> Money {
    match standing {
        None => Money::NotMoved,
        Some(Standing::Open | Standing::Accepted | Standing::Delivered { .. }) => {
            Money::Reserved(fee_max)
        }
        Some(Standing::Acknowledged { .. }) => {
            Money::Said("you have acknowledged: the fee is the provider's once it settles".into())
        }
        Some(Standing::Settled) => Money::Said("the fee is paid".into()),
        Some(Standing::Released(_) | Standing::Withdrawn) => Money::Said(
            "none spent; what was set aside is free again in your sub-account at the provider"
                .into(),
        ),
    }
}
