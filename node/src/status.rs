//! How the node stands, in one look.

use crate::breaker::Standing;
use crate::conductor::{Gone, Mailbox, View};
use proto::limits::NAME_BYTES_MAX;
use proto::node::{Halt, NodeState};
use proto::{TaskId, Text};

/// What the conductor has before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    pub open: u32,
    pub known: u32,
    pub training: Option<TaskId>,
    tasks_max: u32,
}

impl Survey {
    pub async fn take(mailbox: &Mailbox) -> Result<Self, Gone> {
        mailbox.look(Self::of).await
    }

    fn of(view: &View<'_>) -> Self {
        let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            open: count(view.memory.open_count()),
            known: count(view.memory.count()),
            training: view.training,
            tasks_max: count(view.tasks_max),
        }
    }

    /// Orders the node would take now.
    pub fn queue_free(&self) -> u32 {
        self.tasks_max.saturating_sub(self.open)
    }
}

/// The gate's standing in the words of the wire.
pub fn state(standing: &Standing) -> NodeState {
    if standing.draining {
        return NodeState::Draining;
    }
    if standing.causes.is_empty() {
        return NodeState::Serving;
    }
    let causes: Vec<_> = standing
        .causes
        .iter()
        .map(|(cause, _)| cause.text())
        .collect();
    NodeState::Halted(Halt {
        cause: Text::fitted(&causes.join("; ")),
        heals_itself: standing
            .causes
            .iter()
            .all(|(cause, _)| cause.heals_itself()),
    })
}

pub fn version() -> Text<NAME_BYTES_MAX> {
    Text::fitted(env!("CARGO_PKG_VERSION"))
}
