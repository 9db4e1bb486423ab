//! Sealed blobs on their way between customers and nodes: ciphertext, named by its 0G root.
//!
//! A blob grows in `ROOT.part` from the start on; an upload goes on where the durable bytes end.
//! When all are there the root is counted, and the file renamed to `ROOT`: what has that name has
//! that root. What several brokers share, they share as one folder.

mod download;
mod upload;

pub use upload::Uploading;

use crate::books::Books;
use crate::market::Market;
use crate::store::Reservation;
use proto::blob::BlobState;
use proto::{CallError, Root, Seconds};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::warn;

#[derive(Clone, Debug)]
pub struct Relay {
    folder: Arc<Path>,
    books: Books,
    market: Market,
    quotas: Quotas,
    /// Blobs that somebody is putting here now: one at a time.
    busy: Arc<Mutex<BTreeSet<Root>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    pub blob_bytes_max: u64,
    /// All blobs of one customer.
    pub customer_bytes_max: u64,
    /// How long a blob is kept.
    pub kept_secs: Seconds,
}

/// The right to put one blob, given back when dropped.
#[derive(Debug)]
struct Putting {
    relay: Relay,
    root: Root,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            blob_bytes_max: 16 << 30,
            customer_bytes_max: 64 << 30,
            kept_secs: 7 * 24 * 3_600,
        }
    }
}

impl Relay {
    pub fn open(folder: &Path, books: Books, market: Market, quotas: Quotas) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.into(),
            books,
            market,
            quotas,
            busy: Arc::default(),
        })
    }

    pub async fn stat(&self, root: Root) -> Result<BlobState, CallError> {
        let known = self.books.store.blob(root).await;
        let known = known.map_err(|_told| CallError::NotReady)?;
        let known = known.ok_or(CallError::BlobUnknown)?;
        self.state(&known).await
    }

    /// Drops what nobody fetched in time; how many blobs.
    pub async fn sweep(&self) -> usize {
        let then = self.books.now().saturating_sub(self.quotas.kept_secs);
        let old = self.books.store.blobs_before(then, SWEPT_MAX).await;
        let mut dropped = 0;
        for blob in old.unwrap_or_default() {
            // One that is being put is left for the next time.
            let Some(_putting) = self.put_alone(blob.root) else {
                continue;
            };
            if let Err(error) = self.drop_blob(blob.root).await {
                warn!(code = "B-RELAY-001", %error, root = %blob.root, "a blob cannot be dropped");
                continue;
            }
            dropped += 1;
        }
        dropped
    }

    async fn drop_blob(&self, root: Root) -> Result<(), io::Error> {
        for path in [self.part(root), self.whole(root)] {
            match tokio::fs::remove_file(path).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        let given_up = self.books.store.give_up(root).await;
        given_up.map_err(io::Error::other)
    }

    async fn state(&self, known: &Reservation) -> Result<BlobState, CallError> {
        let complete = is_there(&self.whole(known.root)).await;
        let part = length(&self.part(known.root)).await;
        Ok(BlobState {
            root: known.root,
            size_bytes: known.size_bytes,
            held_bytes: if complete { known.size_bytes } else { part },
            complete,
        })
    }

    fn put_alone(&self, root: Root) -> Option<Putting> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let relay = self.clone();
        busy.insert(root).then_some(Putting { relay, root })
    }

    fn whole(&self, root: Root) -> PathBuf {
        self.folder.join(hex::encode(root.0))
    }

    fn part(&self, root: Root) -> PathBuf {
        self.folder.join(format!("{}.part", hex::encode(root.0)))
    }
}

/// Blobs dropped at once.
const SWEPT_MAX: u32 = 256;

impl Drop for Putting {
    fn drop(&mut self) {
        let busy = self.relay.busy.lock();
        busy.unwrap_or_else(PoisonError::into_inner)
            .remove(&self.root);
    }
}

async fn is_there(path: &Path) -> bool {
    tokio::fs::try_exists(path).await.unwrap_or(false)
}

async fn length(path: &Path) -> u64 {
    let known = tokio::fs::metadata(path).await;
    known.map_or(0, |known| known.len())
}
