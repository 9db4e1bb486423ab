//! What can be wrong with the journal, in words an operator can act on.

use std::io;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the journal is in use by another process")]
    Locked,
    #[error(
        "the disk is full; nothing was lost, and the node goes on where it stopped once there is room"
    )]
    Full(#[source] io::Error),
    #[error("cannot read or write the journal")]
    Io(#[source] io::Error),
    #[error("the journal was written under another key")]
    WrongKey,
    #[error("the journal file holds no journal")]
    NoHead,
    #[error("row {row} of the journal was changed, moved or removed")]
    Changed { row: u64 },
    #[error("row {row} of the journal is authentic but not readable by this version")]
    Unreadable {
        row: u64,
        #[source]
        source: postcard::Error,
    },
    #[error("the journal has format {found}, and this version reads format 1")]
    Version { found: u8 },
    #[error("the journal file is damaged")]
    Damaged(#[source] Box<redb::Error>),
    #[error("the system's random generator failed")]
    Random,
}

impl From<redb::Error> for JournalError {
    fn from(error: redb::Error) -> Self {
        if let redb::Error::DatabaseAlreadyOpen = error {
            Self::Locked
        } else if let redb::Error::Io(source) = error {
            Self::from_io(source)
        } else {
            Self::Damaged(Box::new(error))
        }
    }
}

impl JournalError {
    fn from_io(source: io::Error) -> Self {
        use io::ErrorKind::{InvalidData, UnexpectedEof};
        if is_full(&source) {
            Self::Full(source)
        } else if matches!(source.kind(), InvalidData | UnexpectedEof) {
            Self::Damaged(Box::new(redb::Error::Io(source)))
        } else {
            Self::Io(source)
        }
    }
}

/// Whether the disk, a quota or a file limit has no room left.
pub(super) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

macro_rules! from_redb {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for JournalError {
            fn from(error: redb::$error) -> Self {
                Self::from(redb::Error::from(error))
            }
        })*
    };
}

from_redb!(
    DatabaseError,
    TransactionError,
    TableError,
    StorageError,
    CommitError
);
