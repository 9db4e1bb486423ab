//! What the market says, in our words.

mod order;
mod read;

pub(crate) use order::on_chain;
pub(crate) use read::Place;

use alloy_primitives::{Address, B256, Bytes, U256};
use proto::{Order, Seconds, TaskId, Wei};

/// An event and its place; places rise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub block: u64,
    pub log_index: u64,
    pub transaction: B256,
    pub event: Event,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The fee is reserved. The contract does not read all fields; one nobody can read
    /// makes an order nobody can serve.
    OrderOpened {
        task: TaskId,
        order: Box<Result<Order, Unreadable>>,
    },
    OrderAccepted {
        task: TaskId,
        provider: Address,
    },
    OrderWithdrawn {
        task: TaskId,
    },
    /// `reason` is a number of the public list.
    OrderReleased {
        task: TaskId,
        reason: u16,
        compensation: Wei,
    },
    DeliverableAdded {
        customer: Address,
        provider: Address,
        id: String,
        root: Bytes,
        at: Seconds,
    },
    DeliverableAcknowledged {
        customer: Address,
        provider: Address,
        id: String,
    },
    DeliverableAbandoned {
        customer: Address,
        provider: Address,
        id: String,
    },
    FeesSettled {
        customer: Address,
        provider: Address,
        id: String,
        fee: Wei,
        acknowledged: bool,
        nonce: U256,
    },
    BalanceUpdated {
        customer: Address,
        provider: Address,
        balance: Wei,
        pending_refund: Wei,
    },
    ServiceUpdated {
        provider: Address,
        url: String,
        price_per_token: Wei,
        signer: Address,
    },
    ServiceRemoved {
        provider: Address,
    },
    BondSlashed {
        provider: Address,
        injured: Address,
        to_injured: Wei,
        burnt: Wei,
    },
    /// Something that concerns nobody who follows; named by its first topic.
    Other(B256),
}

/// Why an order on chain is not one of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error(transparent)]
    Key(#[from] proto::BadKey),
    #[error(transparent)]
    Tier(#[from] proto::UnknownTier),
    #[error("the order's id is not its digest")]
    OtherId,
}
