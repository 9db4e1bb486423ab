//! What the conductor tells of its tasks: to the log, the feed and the breaker.

use super::Memory;
use crate::breaker::Gate;
use crate::feed::{Feed, Note, Value};
use proto::TaskId;
use tasks::{Event, Outcome, Phase, Task};
use tracing::{debug, info, warn};

#[derive(Debug)]
pub(super) struct Voice {
    feed: Feed,
}

impl Voice {
    pub(super) fn new(feed: Feed) -> Self {
        Self { feed }
    }

    /// Says where every open task stands, for who asks after a restart.
    pub(super) fn remember(&self, memory: &Memory) {
        for (id, task) in memory.open() {
            self.feed.phase(id, task.phase());
        }
    }

    pub(super) fn queue(&self, places: Vec<(u32, TaskId)>) {
        for (place, id) in places {
            self.feed.queued(id, place);
        }
    }

    pub(super) fn tell(&self, id: TaskId, task: &Task, event: &Event) {
        let phase = task.phase();
        if let Event::Stumbled { retry_at } = event {
            warn!(code = "N-TASK-003", task = %id, ?phase, retry_at, "duty will be retried");
            let note = Note::warn("will be tried again").with("at", Value::Count(*retry_at));
            self.feed.note(id, note);
        } else if task.is_closed() {
            info!(code = "N-TASK-002", task = %id, ?phase, "task closed");
        } else {
            debug!(code = "N-TASK-001", task = %id, ?phase, "task moved");
        }
        self.feed.phase(id, phase);
    }
}

/// Lets the breaker know how a task the node had promised to serve came out.
pub(super) fn judge(gate: &Gate, before: Option<Phase>, after: Phase) {
    if before == Some(after) {
        return;
    }
    match after {
        Phase::Abandoned(reason) => gate.failed(reason),
        Phase::Delivered { .. } | Phase::Closed(Outcome::Paid) => gate.succeeded(),
        Phase::Offered
        | Phase::Promised
        | Phase::Accepted
        | Phase::Staged { .. }
        | Phase::Trained { .. }
        | Phase::Sealed { .. }
        | Phase::Closed(Outcome::Refused(_) | Outcome::Released(_) | Outcome::Withdrawn) => {}
    }
}
