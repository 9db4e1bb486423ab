//! Why the conductor cannot go on.

use crate::journal::JournalError;
use proto::TaskId;
use tasks::Illegal;

#[derive(Debug, thiserror::Error)]
pub enum ConductorError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the journal contradicts itself at task {task}")]
    History {
        task: TaskId,
        #[source]
        source: Box<Illegal>,
    },
    #[error("a duty panicked")]
    Duty(#[from] tokio::task::JoinError),
}
