//! Checkpoints: all that a run needs to go on with the same bits.
//!
//! A checkpoint is one stream of bytes with the digest of each of its parts. The
//! trainer holds no keys: it writes the stream into a folder, or into a pipe whose
//! other end seals it.

mod chain;
mod codec;
mod error;
mod folder;
mod snapshot;
mod stream;

pub use chain::{Chain, StepRecord};
pub use codec::{read_snapshot, write_snapshot};
pub use error::CheckpointError;
pub use folder::{Folder, Newest};
pub use snapshot::{Identity, LossBits, Progress, Snapshot};
pub use stream::Frames;
