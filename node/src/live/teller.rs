//! What the trainer's keeper says, told to the feed, the breaker and the speed.

use crate::breaker::{Cause as Trouble, Gate};
use crate::feed::{Feed, Note, Value};
use crate::intake::Speed;
use crate::trainer::{Cause, Exit, Listener};
use proto::TaskId;
use proto::training::{Progress, Step};

#[derive(Clone, Debug)]
pub(super) struct Teller {
    pub(super) feed: Feed,
    pub(super) gate: Gate,
    pub(super) speed: Speed,
}

impl Listener for Teller {
    fn progress(&self, task: TaskId, progress: Progress) {
        if let Progress::Step(step) = &progress {
            self.measure(step);
        }
        self.feed.progress(task, progress);
    }

    fn ended(&self, task: TaskId, cause: &Cause) {
        let note = Note::warn("the training ended early").with("cause", Value::Word(cause.code()));
        self.feed.note(task, note);
        if *cause == Cause::Exited(Exit::Device) {
            self.gate.trouble(Trouble::GpuError);
        }
    }
}

impl Teller {
    /// The speed of a whole training is what the next deadline is judged by.
    fn measure(&self, step: &Step) {
        if step.step >= step.steps_total {
            self.speed.measured(whole(step.tokens_per_sec.get()));
        }
    }
}

/// The whole tokens of a second.
fn whole(figure: f64) -> u64 {
    let time = std::time::Duration::try_from_secs_f64(figure);
    time.map_or(0, |time| time.as_secs())
}
