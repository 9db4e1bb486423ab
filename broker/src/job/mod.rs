//! An order at the broker: where it stands, and what may become of it.
//!
//! What is said here is bookkeeping. Whether an order is held, delivered or paid is decided on the
//! chain; the broker writes down what it was told, so that it can hand an order on.

use crate::ledger::Happening;
use proto::{Address, Fence, Reason, Seconds, Submission, TaskId, Wei};
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
    /// A node answers for it; from here the chain decides.
    Taken {
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
    /// The node says it has it.
    Take {
        by: Address,
    },
    /// The node says no.
    Refuse {
        by: Address,
        because: Reason,
    },
    /// The time of the assignment, or of the order itself, may be up.
    Tick {
        now: Seconds,
    },
    Pay {
        to: Address,
        fee: Wei,
    },
    Fail {
        by: Address,
        because: Reason,
    },
    Withdraw,
}

impl Job {
    pub fn new(submission: Submission, since: Seconds) -> Self {
        Self {
            task: submission.order.order.id(),
            submission: Arc::new(submission),
            since,
            stage: Stage::Waiting,
            let_down_by: BTreeSet::new(),
        }
    }

    pub fn customer(&self) -> Address {
        self.submission.order.order.customer
    }

    pub fn is_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended(_))
    }

    /// When this needs looking at without anything being heard of it: now, at a time, or never.
    pub fn due(&self) -> Option<Seconds> {
        match self.stage {
            Stage::Waiting => Some(self.since),
            Stage::Assigned { until, .. } => Some(until),
            Stage::Taken { .. } | Stage::Ended(_) => None,
        }
    }

    /// The job after a turn, and what the ledger says of it; nothing, if the turn means nothing now.
    pub fn after(&self, turn: Turn) -> Option<(Self, Option<Happening>)> {
        let (stage, happened) = self.next(turn)?;
        let mut after = Self {
            stage,
            ..self.clone()
        };
        if let Some(Happening::Returned { by, .. }) = happened {
            after.let_down_by.insert(by);
        }
        Some((after, happened))
    }

    fn next(&self, turn: Turn) -> Option<(Stage, Option<Happening>)> {
        let deadline = self.submission.order.order.deadline;
        let end = |ending, happened| Some((Stage::Ended(ending), happened));
        match (self.stage, turn) {
            (Stage::Ended(_), _) => None,
            (_, Turn::Pay { to, fee }) => end(Ending::Paid, Some(Happening::Paid { to, fee })),
            (Stage::Waiting, Turn::Withdraw) => end(Ending::Withdrawn, Some(Happening::Withdrawn)),
            (Stage::Waiting, Turn::Tick { now }) if now >= deadline => {
                end(Ending::Expired, Some(Happening::Withdrawn))
            }
            (Stage::Waiting, Turn::Assign { to, fence, until }) => {
                let stage = Stage::Assigned { to, fence, until };
                Some((stage, Some(Happening::Assigned { to, fence })))
            }
            (Stage::Assigned { to, .. }, Turn::Refuse { by, because }) if to == by => {
                Some((Stage::Waiting, Some(Happening::Returned { by, because })))
            }
            (Stage::Assigned { to, until, .. }, Turn::Tick { now }) if now >= until => {
                let because = Reason::NoNode;
                Some((
                    Stage::Waiting,
                    Some(Happening::Returned { by: to, because }),
                ))
            }
            // Late or from elsewhere: the chain lets one node accept, and that one says so.
            (Stage::Waiting | Stage::Assigned { .. }, Turn::Take { by }) => {
                Some((Stage::Taken { by }, Some(Happening::Started { on: by })))
            }
            (
                Stage::Taken { by: holder } | Stage::Assigned { to: holder, .. },
                Turn::Fail { by, because },
            ) if holder == by => end(
                Ending::Unpaid(because),
                Some(Happening::Unpaid { by, because }),
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
