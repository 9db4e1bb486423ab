//! What the trainer's keeper says, told to the feed and the breaker.

use crate::breaker::{Cause as Trouble, Gate};
use crate::feed::{Feed, Note, Value};
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
        let note = Note::error("the dataset has mistakes");
        let note = lines
            .iter()
            .fold(note, |note, &line| note.with("line", Value::Count(line)));
        self.feed.explain(task, &note);
        self.feed.note(task, note);
    }

    fn ended(&self, task: TaskId, cause: &Cause) {
        let note = Note::warn("the training ended early").with("cause", Value::Word(cause.code()));
        self.feed.note(task, note);
        if *cause == Cause::Exited(Exit::Device) {
            self.gate.trouble(Trouble::GpuError);
        }
    }
}
