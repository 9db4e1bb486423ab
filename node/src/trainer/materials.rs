//! What a training is given by the rest of the node.

use crate::vault::VaultError;
use proto::{Digest, Order};
use std::io::{self, Write};
use std::path::PathBuf;
use tasks::Failure;

/// Recipe, model and data of an order. Called on threads that may block.
pub trait Materials: Send + Sync {
    /// The recipe's JSON. It has the digest the order names.
    fn recipe(&self, order: &Order) -> Result<String, Failure>;

    /// The folder of the base model. It has the root the order names.
    fn model(&self, order: &Order) -> Result<PathBuf, Failure>;

    /// Writes the whole plaintext of the staged dataset, and only there. After an
    /// error the training is ended: a part is never trained on.
    fn dataset(
        &self,
        order: &Order,
        dataset: Digest,
        to: &mut dyn Write,
    ) -> Result<(), SourceError>;
}

/// Why the data did not come whole.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The reader has gone: what it died of says more.
    #[error("nobody takes the data any more")]
    Gone,
    #[error("the data cannot be opened: {0:?}")]
    Failed(Failure),
}

impl SourceError {
    pub fn of_vault(error: VaultError) -> Self {
        match error {
            VaultError::Sink(_) => Self::Gone,
            VaultError::NotThere
            | VaultError::Damaged(_)
            | VaultError::Read(_)
            | VaultError::Write(_)
            | VaultError::Full(_)
            | VaultError::Source(_)
            | VaultError::Seal(_)
            | VaultError::Folder(_) => Self::Failed(Failure::Transient),
        }
    }

    /// The reader's end of a pipe has gone.
    pub fn of_pipe(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Gone,
            _ => Self::Failed(Failure::Transient),
        }
    }
}
