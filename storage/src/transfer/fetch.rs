//! Fetching content from whoever has it, believing nobody.
//!
//! ```text
//! find ──▶ outline or proofs? ──▶ all replicas at once, each segment checked ──▶ whole
//!                └── neither ──▶ one replica at a time, checked when whole ─────▶ whole
//! ```

use super::Partial;
use super::sources::Sources;
use crate::error::{StoreError, blocking};
use crate::id::Content;
use crate::local::LocalFolder;
use proto::Root;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What is wanted. A root does not tell trailing zeros within the last padded chunks
/// apart, so whoever knows the size says it; otherwise the replicas are asked.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub root: Root,
    pub size: Option<u64>,
}

impl From<Root> for Wanted {
    fn from(root: Root) -> Self {
        Self { root, size: None }
    }
}

impl From<Content> for Wanted {
    fn from(content: Content) -> Self {
        Self {
            root: content.root,
            size: Some(content.size),
        }
    }
}

/// What a fetch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub content: Content,
    /// Whether it was all there before.
    pub already: bool,
}

/// Fetches content into a folder that keeps it.
pub async fn fetch_into(
    folder: &LocalFolder,
    wanted: Wanted,
    from: &Sources<'_>,
) -> Result<Fetched, StoreError> {
    if let Some(content) = folder.has(wanted.root)? {
        return Ok(Fetched {
            content,
            already: true,
        });
    }
    let partial = folder.partial_path(wanted.root);
    let room = |content: Content| folder.room_for(content.size);
    let (content, partial) = gather(&partial, wanted, from, &room).await?;
    let folder = folder.clone();
    blocking(move || partial.adopt(&folder)).await?;
    Ok(Fetched {
        content,
        already: false,
    })
}

/// Fetches content to a path; unfinished bytes stand beside it as `<path>.part`.
pub async fn fetch(to: &Path, wanted: Wanted, from: &Sources<'_>) -> Result<Fetched, StoreError> {
    let mut partial = to.as_os_str().to_owned();
    partial.push(".part");
    let (content, partial) = gather(&PathBuf::from(partial), wanted, from, &|_| Ok(())).await?;
    let to = to.to_owned();
    blocking(move || partial.finish(&to)).await?;
    Ok(Fetched {
        content,
        already: false,
    })
}

type Room<'a> = &'a (dyn Fn(Content) -> Result<(), StoreError> + Sync);

async fn gather(
    path: &Path,
    wanted: Wanted,
    from: &Sources<'_>,
    room: Room<'_>,
) -> Result<(Content, Partial), StoreError> {
    let (content, replicas) = from.locate(wanted).await?;
    room(content)?;
    let path = path.to_owned();
    let partial = blocking(move || Partial::open(&path, content)).await?;
    from.progress.begin(content.size, partial.bytes_here());
    let partial = Arc::new(Mutex::new(partial));
    from.fill(content, &partial, replicas).await?;
    let partial = Arc::try_unwrap(partial).map_err(|_shared| StoreError::Worker)?;
    Ok((
        content,
        partial.into_inner().unwrap_or_else(PoisonError::into_inner),
    ))
}
