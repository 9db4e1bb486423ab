//! Facts about a task, in the order they became true.

use proto::{Digest, Order, Reason, Root, Seconds};
use serde::{Deserialize, Serialize};

/// One line of the journal.
///
/// The journal stores these: a variant is only ever added at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The order is final on chain and this node may serve it.
    Offered(Box<Order>),
    /// The node did something by itself.
    Did(Fact),
    /// The chain holds something about the order.
    Learned(Standing),
    /// A duty failed in a way that may pass; it is owed again at `retry_at`.
    Stumbled { retry_at: Seconds },
    /// A duty is not due yet; this is no failure.
    Deferred { until: Seconds },
    /// The node gives the task up.
    GivenUp(Reason),
}

/// What the node achieved without the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// The node decided to take the order. Recorded before the chain is told.
    Promised,
    Staged {
        dataset: Digest,
    },
    Trained {
        adapter: Digest,
    },
    /// The adapter is sealed and stored. Recorded before the chain is told.
    Sealed {
        blob: Root,
    },
}

/// How the chain sees an order, for good: only final blocks count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// The fee is reserved; no node has accepted.
    Open,
    Accepted,
    Delivered {
        blob: Root,
    },
    /// The customer confirmed that she has the delivery.
    Acknowledged {
        blob: Root,
    },
    Settled,
    Released(Reason),
    Withdrawn,
}

/// What a duty brings back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Fact(Fact),
    Standing(Standing),
}

/// Why a duty was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The world is in the way; the same attempt may succeed later.
    Transient,
    /// The duty is in order but too early.
    NotBefore(Seconds),
    /// This task can never succeed; the customer is told why.
    Hopeless(Reason),
}
