//! The state of one task and the duty that follows from it.

use crate::{Event, Fact, Standing};
use proto::{Digest, Order, Reason, Root, Seconds};
use std::sync::Arc;

/// A task, as the fold of its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub(crate) order: Arc<Order>,
    pub(crate) phase: Phase,
    pub(crate) stumbles: u32,
    pub(crate) not_before: Seconds,
}

/// How far a task has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Offered,
    Promised,
    Accepted,
    Staged { dataset: Digest },
    Trained { adapter: Digest },
    Sealed { blob: Root },
    Delivered { blob: Root },
    Abandoned(Reason),
    Closed(Outcome),
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Paid,
    Refused(Reason),
    Released(Reason),
    Withdrawn,
}

/// The one thing the node owes a task now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Decide whether to take the order; tells nobody.
    Promise,
    Accept,
    Stage,
    Train {
        dataset: Digest,
    },
    Seal {
        adapter: Digest,
    },
    Deliver {
        blob: Root,
    },
    Settle {
        blob: Root,
    },
    Release(Reason),
    Nothing,
}

/// An event that cannot follow the state it was applied to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} cannot follow {phase:?}")]
pub struct Illegal {
    phase: Option<Phase>,
    event: Event,
}

impl Task {
    /// Folds the next event into the task; `None` is a task not yet heard of.
    pub fn apply(task: Option<Self>, event: &Event) -> Result<Self, Illegal> {
        let Some(task) = task else {
            return Self::begin(event);
        };
        match (task.phase.next(event), event) {
            (Some(phase), _) => Ok(Self {
                phase,
                stumbles: 0,
                not_before: 0,
                ..task
            }),
            (None, &Event::Stumbled { retry_at }) if !task.is_closed() => {
                let stumbles = task.stumbles.saturating_add(1);
                Ok(Self {
                    stumbles,
                    not_before: retry_at,
                    ..task
                })
            }
            (None, &Event::Deferred { until }) if !task.is_closed() => Ok(Self {
                not_before: until,
                ..task
            }),
            (None, _) => Err(Illegal {
                phase: Some(task.phase),
                event: event.clone(),
            }),
        }
    }

    fn begin(event: &Event) -> Result<Self, Illegal> {
        let Event::Offered(order) = event else {
            return Err(Illegal {
                phase: None,
                event: event.clone(),
            });
        };
        let order = Arc::new(Order::clone(order));
        Ok(Self {
            order,
            phase: Phase::Offered,
            stumbles: 0,
            not_before: 0,
        })
    }

    /// Whether the chain's word would move this task.
    pub fn would_learn(&self, standing: Standing) -> bool {
        self.phase.next(&Event::Learned(standing)).is_some()
    }

    /// What the node owes this task now.
    pub fn duty(&self) -> Duty {
        match self.phase {
            Phase::Offered => Duty::Promise,
            Phase::Promised => Duty::Accept,
            Phase::Accepted => Duty::Stage,
            Phase::Staged { dataset } => Duty::Train { dataset },
            Phase::Trained { adapter } => Duty::Seal { adapter },
            Phase::Sealed { blob } => Duty::Deliver { blob },
            Phase::Delivered { blob } => Duty::Settle { blob },
            Phase::Abandoned(reason) => Duty::Release(reason),
            Phase::Closed(_) => Duty::Nothing,
        }
    }

    /// What to record when the customer cancels: nothing once an adapter is sealed for her,
    /// or the task is given up or closed.
    pub fn cancel(&self) -> Option<Event> {
        let may = !self.phase.must_finish() && !self.is_closed();
        may.then_some(Event::GivenUp(Reason::Cancelled))
    }

    pub fn order(&self) -> &Arc<Order> {
        &self.order
    }

    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The earliest time the current duty is owed.
    pub fn not_before(&self) -> Seconds {
        self.not_before
    }

    /// Whether the customer's deadline passed before anything was sealed for her.
    pub fn is_overdue(&self, now: Seconds) -> bool {
        !self.phase.must_finish() && !self.is_closed() && now >= self.order.deadline
    }

    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed(_))
    }
}

impl Phase {
    /// The one match that decides: what an event makes of this phase, if it may follow.
    fn next(self, event: &Event) -> Option<Self> {
        Some(match (self, event) {
            (Self::Offered, Event::Did(Fact::Promised)) => Self::Promised,
            (Self::Accepted, &Event::Did(Fact::Staged { dataset })) => Self::Staged { dataset },
            (Self::Staged { .. }, &Event::Did(Fact::Trained { adapter })) => {
                Self::Trained { adapter }
            }
            (Self::Trained { .. }, &Event::Did(Fact::Sealed { blob })) => Self::Sealed { blob },
            (Self::Offered, &Event::GivenUp(reason)) => Self::Closed(Outcome::Refused(reason)),
            (
                Self::Promised | Self::Accepted | Self::Staged { .. } | Self::Trained { .. },
                &Event::GivenUp(reason),
            ) => Self::Abandoned(reason),
            (open, &Event::Learned(standing)) => return open.learn(standing),
            _ => return None,
        })
    }

    /// What the chain's word makes of this phase: always forward, never back.
    fn learn(self, standing: Standing) -> Option<Self> {
        match (self, standing) {
            (Self::Offered | Self::Promised, Standing::Accepted) => Some(Self::Accepted),
            (Self::Closed(_), _)
            | (_, Standing::Open | Standing::Accepted)
            | (Self::Delivered { .. }, Standing::Delivered { .. }) => None,
            (_, Standing::Delivered { blob } | Standing::Acknowledged { blob }) => {
                Some(Self::Delivered { blob })
            }
            (_, Standing::Settled) => Some(Self::Closed(Outcome::Paid)),
            (_, Standing::Released(reason)) => Some(Self::Closed(Outcome::Released(reason))),
            (_, Standing::Withdrawn) => Some(Self::Closed(Outcome::Withdrawn)),
        }
    }

    /// From sealing on the chain may know: what is left is delivering and collecting
    /// the fee, or returning the customer's money, however long it takes.
    pub(crate) fn must_finish(self) -> bool {
        match self {
            Self::Sealed { .. } | Self::Delivered { .. } | Self::Abandoned(_) => true,
            Self::Offered
            | Self::Promised
            | Self::Accepted
            | Self::Staged { .. }
            | Self::Trained { .. }
            | Self::Closed(_) => false,
        }
    }
}

impl Duty {
    /// Whether the duty occupies the one trainer.
    pub fn needs_the_trainer(self) -> bool {
        matches!(self, Self::Train { .. })
    }
}
