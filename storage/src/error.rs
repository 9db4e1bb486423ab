//! Why content could not be found, kept or moved.

use crate::id::{BadOutline, BadProof, Hashing};
use crate::zg::SubmitError;
use proto::Root;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("no place has {0}")]
    Missing(Root),
    #[error("{place} can only be read")]
    ReadOnly { place: String },
    #[error("cannot {doing} {}", path.display())]
    Disk {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the quota of {quota} bytes has no room for {needed} more")]
    Quota { quota: u64, needed: u64 },
    #[error("cannot name the content")]
    Hashing(#[from] Hashing),
    #[error("{0} bytes are more than can be moved")]
    TooLarge(u64),
    #[error("cannot reach {place}")]
    Unreachable {
        place: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("{place} answered with status {status}")]
    Status { place: String, status: u16 },
    #[error("{place} refused with code {code}: {message}")]
    Refused {
        place: String,
        code: i64,
        message: String,
    },
    #[error("{place} gave an answer that cannot be read: {what}")]
    Malformed { place: String, what: String },
    #[error("{place} gave a segment that is not the content's")]
    BadSegment {
        place: String,
        #[source]
        source: BadProof,
    },
    #[error("{place} gave an outline that is not the content's")]
    BadOutline {
        place: String,
        #[source]
        source: BadOutline,
    },
    #[error("the bytes make {found}, not {wanted}")]
    WrongContent { wanted: Root, found: Root },
    #[error("no replica gave segment {index} of {root} after {tries} tries; the last said why")]
    Exhausted {
        root: Root,
        index: u64,
        tries: u32,
        #[source]
        last: Option<Box<StoreError>>,
    },
    #[error("the nodes known do not hold every shard")]
    ShardsMissing,
    #[error("{root} is not on chain yet and nobody here can submit it")]
    NoSubmitter { root: Root },
    #[error("cannot submit {root} to the flow contract")]
    Submit {
        root: Root,
        #[source]
        source: SubmitError,
    },
    #[error("{place} did not {what} within {secs} s")]
    Patience {
        place: String,
        what: &'static str,
        secs: u64,
    },
    #[cfg(feature = "s3")]
    #[error("the bucket failed")]
    Bucket(#[from] object_store::Error),
    #[error("a worker thread was lost")]
    Worker,
}

impl StoreError {
    /// Whether trying again, perhaps elsewhere, may help.
    pub fn transient(&self) -> bool {
        match self {
            Self::Missing(_)
            | Self::Unreachable { .. }
            | Self::Status { .. }
            | Self::Refused { .. }
            | Self::Patience { .. }
            | Self::Exhausted { .. } => true,
            Self::Submit { source, .. } => source.unknown(),
            #[cfg(feature = "s3")]
            Self::Bucket(_) => true,
            Self::ReadOnly { .. }
            | Self::Disk { .. }
            | Self::Quota { .. }
            | Self::Hashing(_)
            | Self::TooLarge(_)
            | Self::Malformed { .. }
            | Self::BadSegment { .. }
            | Self::BadOutline { .. }
            | Self::WrongContent { .. }
            | Self::ShardsMissing
            | Self::NoSubmitter { .. }
            | Self::Worker => false,
        }
    }

    /// Whether the place that caused it is not to be asked again: it lied.
    pub(crate) fn blames(&self) -> bool {
        matches!(
            self,
            Self::BadSegment { .. }
                | Self::BadOutline { .. }
                | Self::WrongContent { .. }
                | Self::Malformed { .. }
        )
    }

    /// Whether it is this machine's fault, so that no other replica can help.
    pub(crate) fn ours(&self) -> bool {
        matches!(self, Self::Disk { .. } | Self::Quota { .. } | Self::Worker)
    }
}

/// Names what was attempted on which path.
pub(crate) fn disk(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Disk {
        doing,
        path,
        source,
    }
}

/// Runs work on files or hashes off the runtime's threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_lost| StoreError::Worker)?
}
