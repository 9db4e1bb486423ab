//! One thing that happened to an order at this broker.

use proto::{Address, Fence, Reason, Seconds, TaskId, Wei};
use serde::{Deserialize, Serialize};

/// An entry: what happened, to which order, and when by the broker's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub at: Seconds,
    pub task: TaskId,
    pub happened: Happening,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Happening {
    /// The order was given to a node.
    Assigned { to: Address, fence: Fence },
    /// The node did not take it, or not in time.
    Returned { by: Address, because: Reason },
    /// The node says that the chain has the order as its own.
    Started { on: Address },
    /// The node says the fee was paid; how much, where this broker asked the chain.
    Paid { to: Address, fee: Option<Wei> },
    /// It ended and the customer kept her money.
    Unpaid { by: Address, because: Reason },
    /// It ended before a node had it.
    Withdrawn,
}
