//! Why a checkpoint cannot be written or used.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("cannot write the checkpoint {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read the checkpoint {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the checkpoint ends too early")]
    Truncated,
    #[error("these bytes are no checkpoint")]
    NotACheckpoint,
    #[error("the {0} of the checkpoint is corrupt")]
    Corrupt(&'static str),
    #[error("every checkpoint in {} is corrupt", .0.display())]
    AllCorrupt(PathBuf),
    #[error("the checkpoint is of another run: the {0} differs")]
    OtherRun(&'static str),
    #[error("there is no checkpoint of step {0}")]
    NoSuchStep(u64),
}
