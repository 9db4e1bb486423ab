//! Looking at the chain: how an order stands, and what lies where. It takes no wallet.

use crate::config::Config;
use crate::trouble::{Money, Trouble};
use alloy_primitives::Bytes;
use chain::bindings::IFineTuningTypes::Deliverable;
use chain::bindings::Market as Abi;
use chain::{Mode, Reader, RpcError, Standing};
use proto::{Address, Order, Root, U256, Wei};

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
