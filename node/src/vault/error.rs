//! What can go wrong with a file at rest.

use attestation::sealing::{OpenError, SealError};
use std::io;

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("cannot make the vault's folder")]
    Folder(#[source] io::Error),
    #[error("nothing is kept under this name")]
    NotThere,
    #[error("cannot read from the vault")]
    Read(#[source] io::Error),
    #[error("cannot write to the vault")]
    Write(#[source] io::Error),
    #[error("the disk is full; nothing was kept")]
    Full(#[source] io::Error),
    /// What was to be kept could not be read.
    #[error("cannot read what is to be kept")]
    Source(#[source] io::Error),
    /// Whoever wanted the opened bytes did not take them.
    #[error("cannot pass on what was kept")]
    Sink(#[source] io::Error),
    #[error("cannot seal what is to be kept")]
    Seal(#[source] SealError),
    /// The file was altered, cut, swapped, or sealed by another enclave.
    #[error("what is kept under this name does not open")]
    Damaged(#[source] OpenError),
}

impl VaultError {
    pub(super) fn writing(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(source),
            _ => Self::Write(source),
        }
    }
}

impl From<SealError> for VaultError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Read(source) => Self::Source(source),
            SealError::Write(source) => Self::writing(source),
            error @ (SealError::Agreement | SealError::TooLong) => Self::Seal(error),
        }
    }
}

impl From<OpenError> for VaultError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Read(source) => Self::Read(source),
            OpenError::Write(source) => Self::Sink(source),
            error @ (OpenError::NotSealed
            | OpenError::Version(_)
            | OpenError::Header(_)
            | OpenError::Purpose { .. }
            | OpenError::Context
            | OpenError::NotForThisKey
            | OpenError::Wrap
            | OpenError::Chunk(_)) => Self::Damaged(error),
        }
    }
}
