//! What can go wrong with a sealed blob.

use super::header::Purpose;
use std::io;

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("cannot read what is to be sealed")]
    Read(#[source] io::Error),
    #[error("cannot write the sealed bytes")]
    Write(#[source] io::Error),
    /// The system generator failed, or the recipient's key has small order.
    #[error("cannot agree on a key with the recipient")]
    Agreement,
    #[error("what is to be sealed has more chunks than can be counted")]
    TooLong,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot read the sealed bytes")]
    Read(#[source] io::Error),
    #[error("cannot write the opened bytes")]
    Write(#[source] io::Error),
    #[error("this is no sealed blob, or it was cut inside its header")]
    NotSealed,
    #[error("format version {0} is not known here")]
    Version(u8),
    #[error("{0} is a malformed header field")]
    Header(&'static str),
    #[error("sealed as {found:?}, not as {expected:?}")]
    Purpose { found: Purpose, expected: Purpose },
    #[error("sealed for another context: a blob of another task or dataset")]
    Context,
    #[error("sealed to another key")]
    NotForThisKey,
    #[error("the header was altered: its key does not unwrap")]
    Wrap,
    #[error("chunk {0} is not authentic: altered, moved, missing, or not the last where it ends")]
    Chunk(u64),
}
