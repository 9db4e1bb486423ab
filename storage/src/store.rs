//! The ports: a place that keeps content, and one copy of content in it.

use crate::error::{StoreError, blocking, disk};
use crate::id::{CONTENT_BYTES_MAX, Content, Outline, Proof, outline_of};
use crate::progress::Progress;
use async_trait::async_trait;
use bytes::Bytes;
use proto::Root;
use std::fmt::Debug;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A place that keeps content under its root.
///
/// What it says is not believed: whoever reads checks against the root.
#[async_trait]
pub trait Store: Debug + Send + Sync {
    /// What logs and errors call this place; no secrets.
    fn name(&self) -> &str;

    /// Every whole copy this place knows of; none is an answer, not an error.
    async fn find(&self, root: Root) -> Result<Vec<Found>, StoreError>;

    /// Keeps the content. What is there already is neither sent nor paid again, and a
    /// put that was cut off goes on where it stood, as far as the place allows.
    async fn put(&self, upload: &Upload, progress: &dyn Progress) -> Result<Receipt, StoreError>;
}

/// One copy of content somewhere.
#[async_trait]
pub trait Replica: Debug + Send + Sync {
    /// What logs, errors and blame call this copy.
    fn name(&self) -> &str;

    /// Whether this copy has segment `index`; a shard has only some.
    fn holds(&self, _index: u64) -> bool {
        true
    }

    /// Whether its segments come with proofs.
    fn proves(&self) -> bool {
        false
    }

    /// The roots of all segments, where this copy keeps them; unchecked bytes.
    async fn outline(&self, content: Content) -> Result<Option<Bytes>, StoreError>;

    /// Segment `index`, tried once; unchecked.
    async fn segment(&self, content: Content, index: u64) -> Result<Segment, StoreError>;
}

/// A copy and what it claims to be.
#[derive(Clone, Debug)]
pub struct Found {
    pub content: Content,
    pub replica: Arc<dyn Replica>,
}

/// A segment as it came: exactly the bytes the content has there, and maybe a proof.
#[derive(Clone, Debug)]
pub struct Segment {
    pub data: Bytes,
    pub proof: Option<Proof>,
}

/// What a put did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub content: Content,
    /// Whether it was all there before.
    pub already: bool,
    /// Bytes of content that were sent or written now.
    pub moved_bytes: u64,
    /// 0G's sequence number of the submission, where there is one.
    pub tx_seq: Option<u64>,
}

/// A file that has been named and can be sent segment by segment.
#[derive(Clone, Debug)]
pub struct Upload {
    path: PathBuf,
    file: Arc<File>,
    outline: Arc<Outline>,
    content: Content,
}

impl Upload {
    /// Names the file: reads it once.
    pub async fn of(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        blocking(move || Self::of_blocking(&path)).await
    }

    pub(crate) fn of_blocking(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(disk("open", path))?;
        let size = file.metadata().map_err(disk("measure", path))?.len();
        if size > CONTENT_BYTES_MAX {
            return Err(StoreError::TooLarge(size));
        }
        let outline = outline_of(&file)?;
        let content = outline.content();
        Ok(Self {
            path: path.to_owned(),
            file: Arc::new(file),
            outline: Arc::new(outline),
            content,
        })
    }

    pub const fn content(&self) -> Content {
        self.content
    }

    pub fn outline(&self) -> &Outline {
        &self.outline
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// The bytes of segment `index`.
    pub(crate) async fn segment(&self, index: u64) -> Result<Bytes, StoreError> {
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        let shape = self.outline.shape();
        blocking(move || {
            let mut data = vec![0; shape.segment_len(index)];
            let start = shape.segment_bytes(index).map_or(0, |bytes| bytes.start);
            file.read_exact_at(&mut data, start)
                .map_err(disk("read", &path))?;
            Ok(data.into())
        })
        .await
    }

    pub(crate) async fn last_segment(&self) -> Result<Bytes, StoreError> {
        self.segment(self.outline.shape().segments() - 1).await
    }
}
