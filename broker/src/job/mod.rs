//! An order at the broker: where it stands, and what may become of it.
//!
//! ```text
//!              assign               take               start
//!   Waiting ───────────▶ Assigned ───────────▶ Taken ───────────▶ Started
//!     │ ▲                   │ by `until`         │ by `until`        │
//!     │ └───────────────────┴────────────────────┘                   │
//!     │        refused, or silent for too long                       │
//!     ▼ withdrawn, expired                                           ▼ paid, failed
//!   Ended                                                          Ended
//! ```
//!
//! What is said here is bookkeeping. Whether an order is held, delivered or paid is decided on the
//! chain; the broker writes down what it was told, so that it can hand an order on. The chain lets
//! one node accept an order: who says that it started is believed, wherever the order was thought
//! to be.

mod news;

pub(crate) use news::turn_of;
pub use news::{News, Report};

use crate::ledger::Happening;
use proto::{Address, Fence, Reason, Seconds, SignedPermit, Submission, TaskId, Wei};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// An order with its place in the broker's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub task: TaskId,
    pub submission: Arc<Submission>,
    pub since: Seconds,
    pub stage: Stage,
    /// Nodes that refused it or let it wait.
    pub let_down_by: BTreeSet<Address>,
    /// The customer wants it no more, and this is her word for it.
    pub cancel: Option<SignedPermit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// No node has it.
    Waiting,
    /// A node was chosen, and must have taken it by then.
    Assigned {
        to: Address,
        fence: Fence,
        until: Seconds,
    },
    /// A node said that it will, and must have accepted it on the chain by then.
    Taken {
        by: Address,
        until: Seconds,
    },
    /// A node accepted it; from here the chain decides.
    Started {
        by: Address,
    },
    Ended(Ending),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Paid,
    Unpaid(Reason),
    Withdrawn,
    /// No node took it in time.
    Expired,
}

/// What the broker does or hears about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Assign {
        to: Address,
        fence: Fence,
        until: Seconds,
    },
    /// The node says it will.
    Take {
        by: Address,
        until: Seconds,
    },
    /// The node says that the chain has it as its own.
    Start {
        by: Address,
    },
    /// The node says no, and the chain never heard of it.
    Refuse {
        by: Address,
        because: Reason,
    },
    /// The time of the assignment, or of the order itself, may be up.
    Tick {
        now: Seconds,
    },
    /// The node says it was paid; the amount is told where the chain was asked.
    Pay {
        to: Address,
        fee: Option<Wei>,
    },
    Fail {
        by: Address,
        because: Reason,
    },
    /// The customer's word; the permit is passed on to the node that has it.
    Withdraw {
        permit: SignedPermit,
    },
    /// The node that has it says that the customer's withdrawal is through.
    Withdrawn {
        by: Address,
    },
}

type Next = Option<(Stage, Option<Happening>)>;

impl Job {
    pub fn new(submission: Submission, since: Seconds) -> Self {
        Self {
            task: submission.order.order.id(),
            submission: Arc::new(submission),
            since,
            stage: Stage::Waiting,
            let_down_by: BTreeSet::new(),
            cancel: None,
        }
    }

    pub fn customer(&self) -> Address {
        self.submission.order.order.customer
    }

    pub fn is_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended(_))
    }

    /// The node that has it, or shall have it.
    pub fn holder(&self) -> Option<Address> {
        match self.stage {
            Stage::Assigned { to, .. } => Some(to),
            Stage::Taken { by, .. } | Stage::Started { by } => Some(by),
            Stage::Waiting | Stage::Ended(_) => None,
        }
    }

    /// When this needs looking at without anything being heard of it: now, at a time, or never.
    pub fn due(&self) -> Option<Seconds> {
        match self.stage {
            Stage::Waiting => Some(self.since),
            Stage::Assigned { until, .. } | Stage::Taken { until, .. } => Some(until),
            Stage::Started { .. } | Stage::Ended(_) => None,
        }
    }

    /// The job after a turn, and what the ledger says of it; nothing, if the turn means nothing now.
    pub fn after(&self, turn: Turn) -> Option<(Self, Option<Happening>)> {
        if let Some(asked) = self.asked_to_cancel(turn) {
            return Some((asked, None));
        }
        let (stage, happened) = self.next(turn)?;
        let mut after = Self {
            stage,
            ..self.clone()
        };
        if let Some(Happening::Returned { by, because }) = happened
            && !is_of_the_moment(because)
        {
            after.let_down_by.insert(by);
        }
        Some((after, happened))
    }

    /// A node has the order: the customer's word is kept for it, once.
    fn asked_to_cancel(&self, turn: Turn) -> Option<Self> {
        let Turn::Withdraw { permit } = turn else {
            return None;
        };
        self.holder()?;
        if self.cancel.is_some() {
            return None;
        }
        Some(Self {
            cancel: Some(permit),
            ..self.clone()
        })
    }

    fn next(&self, turn: Turn) -> Next {
        if self.is_ended() {
            return None;
        }
        match turn {
            Turn::Assign { to, fence, until } => self.assign(to, fence, until),
            Turn::Take { by, until } => self.take(by, until),
            Turn::Start { by } => self.start(by),
            Turn::Refuse { by, because } => self.refuse(by, because),
            Turn::Tick { now } => self.tick(now),
            Turn::Pay { to, fee } => end(Ending::Paid, Happening::Paid { to, fee }),
            Turn::Fail { by, because } if self.holder() == Some(by) => {
                end(Ending::Unpaid(because), Happening::Unpaid { by, because })
            }
            Turn::Withdraw { .. } if self.stage == Stage::Waiting => {
                end(Ending::Withdrawn, Happening::Withdrawn)
            }
            Turn::Withdrawn { by } if self.holder() == Some(by) => {
                end(Ending::Withdrawn, Happening::Withdrawn)
            }
            Turn::Fail { .. } | Turn::Withdraw { .. } | Turn::Withdrawn { .. } => None,
        }
    }

    fn assign(&self, to: Address, fence: Fence, until: Seconds) -> Next {
        let stage = Stage::Assigned { to, fence, until };
        (self.stage == Stage::Waiting).then_some((stage, Some(Happening::Assigned { to, fence })))
    }

    /// Late or from elsewhere: the chain decides between two that would.
    fn take(&self, by: Address, until: Seconds) -> Next {
        match self.stage {
            Stage::Waiting | Stage::Assigned { .. } => Some((Stage::Taken { by, until }, None)),
            Stage::Taken { .. } | Stage::Started { .. } | Stage::Ended(_) => None,
        }
    }

    fn start(&self, by: Address) -> Next {
        let started = Some((Stage::Started { by }, Some(Happening::Started { on: by })));
        match self.stage {
            Stage::Waiting | Stage::Assigned { .. } | Stage::Taken { .. } => started,
            Stage::Started { .. } | Stage::Ended(_) => None,
        }
    }

    /// What no other node could make good ends the order.
    fn refuse(&self, by: Address, because: Reason) -> Next {
        if self.holder() != Some(by) {
            return None;
        }
        if is_of_the_order(because) {
            return end(Ending::Unpaid(because), Happening::Unpaid { by, because });
        }
        Some((Stage::Waiting, Some(Happening::Returned { by, because })))
    }

    fn tick(&self, now: Seconds) -> Next {
        let silent = |by, until: Seconds| {
            let because = Reason::NoNode;
            (now >= until).then_some((Stage::Waiting, Some(Happening::Returned { by, because })))
        };
        match self.stage {
            Stage::Waiting if now >= self.submission.order().deadline => {
                end(Ending::Expired, Happening::Withdrawn)
            }
            Stage::Assigned { to, until, .. } => silent(to, until),
            Stage::Taken { by, until } => silent(by, until),
            Stage::Waiting | Stage::Started { .. } | Stage::Ended(_) => None,
        }
    }
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "it stands among others that may be none"
)]
fn end(ending: Ending, happened: Happening) -> Next {
    Some((Stage::Ended(ending), Some(happened)))
}

/// The node may well take it the next time it is asked.
fn is_of_the_moment(because: Reason) -> bool {
    matches!(because, Reason::TooBusy | Reason::CustomerQuota)
}

/// Every node would say the same.
fn is_of_the_order(because: Reason) -> bool {
    matches!(
        because,
        Reason::SignatureInvalid
            | Reason::NonceUsed
            | Reason::WrongChain
            | Reason::DeadlinePassed
            | Reason::RecipeInvalid
            | Reason::KeyInvalid
            | Reason::FundsNotReserved
            | Reason::DatasetMismatch
            | Reason::DatasetMalformed
            | Reason::Cancelled
    )
}

#[cfg(test)]
mod tests;
