//! Who is told how a training goes.

use super::Cause;
use crate::feed::{Feed, Note, Value};
use proto::TaskId;
use proto::training::Progress;
use tasks::Failure;

/// Takes reports without waiting; what it is told is free of content.
pub trait Listener: Send + Sync {
    fn progress(&self, task: TaskId, progress: Progress);

    /// The dataset has mistakes, on these lines if the trainer named any.
    fn mistaken(&self, _task: TaskId, _lines: &[u64]) {}

    /// The attempt ended, and not with an adapter.
    fn ended(&self, task: TaskId, cause: &Cause);
}

impl Listener for Feed {
    fn progress(&self, task: TaskId, progress: Progress) {
        Self::progress(self, task, progress);
    }

    fn mistaken(&self, task: TaskId, lines: &[u64]) {
        let note = Note::error("the dataset has mistakes");
        let note = lines
            .iter()
            .fold(note, |note, &line| note.with("line", Value::Count(line)));
        self.explain(task, &note);
        self.note(task, note);
    }

    /// Where it is the end of the task, the words go with its reason.
    fn ended(&self, task: TaskId, cause: &Cause) {
        let note = Note::warn(cause.for_customer()).with("code", Value::Word(cause.code()));
        if let Failure::Hopeless(_) = cause.failure() {
            self.explain(task, &note);
        }
        self.note(task, note);
    }
}

/// Nobody listens.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Listener for Silent {
    fn progress(&self, _task: TaskId, _progress: Progress) {}

    fn ended(&self, _task: TaskId, _cause: &Cause) {}
}

#[cfg(test)]
mod tests {
    use super::super::Exit;
    use super::*;
    use crate::clock::SystemClock;
    use crate::feed::Bounds;
    use std::sync::Arc;

    #[test]
    fn whoever_watches_the_task_is_told_why_it_ended() {
        let feed = Feed::new(Arc::new(SystemClock), Bounds::default());
        let task = TaskId([1; 32]);

        Listener::ended(&feed, task, &Cause::Exited(Exit::Diverged));

        assert!(feed.lines(task, 0, false).is_some());
        assert!(feed.lines(TaskId([2; 32]), 0, false).is_none());
    }
}
