//! Who is told how a training goes.

use super::Cause;
use proto::TaskId;
use proto::training::Progress;

/// Takes reports without waiting; what it is told is free of content.
pub trait Listener: Send + Sync {
    fn progress(&self, task: TaskId, progress: Progress);

    /// The attempt ended, and not with an adapter.
    fn ended(&self, task: TaskId, cause: &Cause);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Listener for Silent {
    fn progress(&self, _task: TaskId, _progress: Progress) {}

    fn ended(&self, _task: TaskId, _cause: &Cause) {}
}
