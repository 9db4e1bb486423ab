//! What the trainer's keeper says, told to the feed and the breaker.

use crate::breaker::{Cause as Trouble, Gate};
use crate::feed::Feed;
use crate::trainer::{Cause, Exit, Listener};
use proto::TaskId;
use proto::training::Progress;

#[derive(Clone, Debug)]
pub(super) struct Teller {
    pub(super) feed: Feed,
    pub(super) gate: Gate,
}

impl Listener for Teller {
    fn progress(&self, task: TaskId, progress: Progress) {
        self.feed.progress(task, progress);
    }

    fn mistaken(&self, task: TaskId, lines: &[u64]) {
        self.feed.mistaken(task, lines);
    }

    fn ended(&self, task: TaskId, cause: &Cause) {
        self.feed.ended(task, cause);
        if *cause == Cause::Exited(Exit::Device) {
            self.gate.trouble(Trouble::GpuError);
        }
    }
}
