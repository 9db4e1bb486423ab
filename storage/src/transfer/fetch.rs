//! Fetching content from whoever has it, believing nobody.
//!
//! ```text
//! find ──▶ outline or proofs? ──▶ all replicas at once, each segment checked ──▶ whole
//!                └── neither ──▶ one replica at a time, checked when whole ─────▶ whole
//! ```

use super::{Pace, Partial, Reputation};
use crate::error::{StoreError, blocking};
use crate::id::{CONTENT_BYTES_MAX, Content, Hash, Outline, segment_root};
use crate::local::LocalFolder;
use crate::progress::Progress;
use crate::store::{Found, Replica, Segment, Store};
use futures_util::{StreamExt, TryStreamExt, future, stream};
use proto::Root;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::debug;

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

/// Where to fetch from, and how.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    pub stores: &'a [Arc<dyn Store>],
    pub reputation: &'a Reputation,
    pub pace: Pace,
    pub progress: &'a dyn Progress,
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

type Shared = Arc<Mutex<Partial>>;
type Replicas = Vec<Arc<dyn Replica>>;

/// What each segment is checked against.
enum Check {
    /// Every segment's root is known.
    Outline(Outline),
    /// Every segment brings its proof.
    Proof,
    /// Only the whole can be checked.
    Whole,
}

impl Sources<'_> {
    /// Who has the content. Where they disagree about its size, the size most of them
    /// name is taken; the others are not asked.
    async fn locate(&self, wanted: Wanted) -> Result<(Content, Replicas), StoreError> {
        let asked = future::join_all(self.stores.iter().map(|store| store.find(wanted.root))).await;
        let mut last = StoreError::Missing(wanted.root);
        let mut found = Vec::new();
        for answer in asked {
            match answer {
                Ok(copies) => found.extend(copies),
                Err(error) => last = error,
            }
        }
        found.retain(|copy| self.usable(copy, wanted));
        let size = commonest(found.iter().map(|copy| copy.content.size)).ok_or(last)?;
        found.retain(|copy| copy.content.size == size);
        let content = Content {
            root: wanted.root,
            size,
        };
        Ok((
            content,
            found.into_iter().map(|copy| copy.replica).collect(),
        ))
    }

    fn usable(&self, copy: &Found, wanted: Wanted) -> bool {
        let size = copy.content.size;
        let right = wanted.size.is_none_or(|wanted| wanted == size);
        right
            && (1..=CONTENT_BYTES_MAX).contains(&size)
            && !self.reputation.is_bad(copy.replica.name())
    }

    async fn fill(
        &self,
        content: Content,
        partial: &Shared,
        replicas: Replicas,
    ) -> Result<(), StoreError> {
        if let Some(outline) = self.outline(content, &replicas).await {
            return self
                .fill_from(content, partial, &replicas, &Check::Outline(outline))
                .await;
        }
        let provers: Replicas = replicas
            .iter()
            .filter(|replica| replica.proves())
            .cloned()
            .collect();
        if !provers.is_empty() {
            return self
                .fill_from(content, partial, &provers, &Check::Proof)
                .await;
        }
        self.fill_unproven(content, partial, &replicas).await
    }

    /// The first outline that makes the root.
    async fn outline(&self, content: Content, replicas: &Replicas) -> Option<Outline> {
        for replica in replicas {
            let asked = tokio::time::timeout(self.pace.segment_timeout, replica.outline(content));
            let Ok(Ok(Some(bytes))) = asked.await else {
                continue;
            };
            match Outline::parse(content.root, &bytes) {
                Ok(outline) if outline.shape().size() == content.size => return Some(outline),
                Ok(_) => {}
                Err(bad) => self.reputation.blame(replica.name(), &bad.to_string()),
            }
        }
        None
    }

    /// One replica at a time: when the whole is wrong, it is known who lied.
    async fn fill_unproven(
        &self,
        content: Content,
        partial: &Shared,
        replicas: &Replicas,
    ) -> Result<(), StoreError> {
        let mut last = StoreError::Missing(content.root);
        for replica in replicas {
            let one = vec![Arc::clone(replica)];
            match self.fill_from(content, partial, &one, &Check::Whole).await {
                Ok(()) => match lock(partial).outline() {
                    Ok(_) => return Ok(()),
                    Err(error) => last = error,
                },
                Err(error) if error.ours() => return Err(error),
                Err(error) => {
                    last = error;
                    continue;
                }
            }
            self.reputation.blame(replica.name(), &last.to_string());
            self.progress.wasted(content.size);
            lock(partial).reset()?;
        }
        Err(last)
    }

    async fn fill_from(
        &self,
        content: Content,
        partial: &Shared,
        replicas: &Replicas,
        check: &Check,
    ) -> Result<(), StoreError> {
        let missing = lock(partial).missing();
        stream::iter(missing)
            .map(|index| self.bring(content, partial, replicas, check, index))
            .buffer_unordered(self.pace.parallel.max(1))
            .try_collect()
            .await
    }

    /// One segment from any replica into its place.
    async fn bring(
        &self,
        content: Content,
        partial: &Shared,
        replicas: &Replicas,
        check: &Check,
        index: u64,
    ) -> Result<(), StoreError> {
        let mut last = None;
        let mut failed: Vec<String> = Vec::new();
        for number in 0..self.pace.tries {
            let Some(replica) = self.next(replicas, index, &mut failed, number).await else {
                break;
            };
            match self.attempt(content, partial, replica, check, index).await {
                Ok(()) => return Ok(()),
                Err(error) if error.ours() => return Err(error),
                Err(error) => {
                    debug!(replica = replica.name(), index, %error, "segment will be asked for again");
                    if error.blames() {
                        self.reputation.blame(replica.name(), &error.to_string());
                    }
                    failed.push(replica.name().to_owned());
                    last = Some(Box::new(error));
                }
            }
        }
        Err(StoreError::Exhausted {
            root: content.root,
            index,
            tries: self.pace.tries,
            last,
        })
    }

    /// The replica to ask now; when all have failed, a pause and all of them again.
    async fn next<'r>(
        &self,
        replicas: &'r Replicas,
        index: u64,
        failed: &mut Vec<String>,
        number: u32,
    ) -> Option<&'r Arc<dyn Replica>> {
        let now = self.choose(replicas, index, failed);
        if now.is_some() || failed.is_empty() {
            return now;
        }
        failed.clear();
        tokio::time::sleep(self.pace.pause_before(number)).await;
        self.choose(replicas, index, failed)
    }

    /// A replica that has this segment, did not lie and did not just fail; which of
    /// several depends on the segment, so that all of them work.
    fn choose<'r>(
        &self,
        replicas: &'r Replicas,
        index: u64,
        failed: &[String],
    ) -> Option<&'r Arc<dyn Replica>> {
        let good: Vec<_> = replicas
            .iter()
            .filter(|replica| replica.holds(index) && !self.reputation.is_bad(replica.name()))
            .filter(|replica| !failed.iter().any(|name| name == replica.name()))
            .collect();
        let turn = index.checked_rem(u64::try_from(good.len()).ok()?)?;
        good.get(usize::try_from(turn).ok()?).copied()
    }

    async fn attempt(
        &self,
        content: Content,
        partial: &Shared,
        replica: &Arc<dyn Replica>,
        check: &Check,
        index: u64,
    ) -> Result<(), StoreError> {
        let limit = self.pace.segment_timeout;
        let slow = |_elapsed| StoreError::Patience {
            place: replica.name().to_owned(),
            what: "give a segment",
            secs: limit.as_secs(),
        };
        let segment = tokio::time::timeout(limit, replica.segment(content, index))
            .await
            .map_err(slow)??;
        let bytes = u64::try_from(segment.data.len()).unwrap_or(u64::MAX);
        let place = replica.name();
        let root = check
            .root(content, partial, index, &segment, place)
            .inspect_err(|_bad| self.progress.wasted(bytes))?;
        let partial = Arc::clone(partial);
        blocking(move || lock(&partial).write(index, &segment.data, root)).await?;
        self.progress.moved(bytes);
        Ok(())
    }
}

impl Check {
    /// The segment's root, if it is what it has to be.
    fn root(
        &self,
        content: Content,
        partial: &Shared,
        index: u64,
        segment: &Segment,
        place: &str,
    ) -> Result<Hash, StoreError> {
        use crate::id::BadProof;
        let bad = |source| StoreError::BadSegment {
            place: place.to_owned(),
            source,
        };
        let shape = lock(partial).shape();
        let found = || {
            segment_root(shape, index, &segment.data)
                .ok_or(bad(BadProof::Length(segment.data.len())))
        };
        match (self, &segment.proof) {
            (Self::Outline(outline), _) => {
                let found = found()?;
                if outline.segment(index) == Some(&found) {
                    Ok(found)
                } else {
                    Err(bad(BadProof::Segment))
                }
            }
            (Self::Proof, Some(proof)) => proof
                .check(content.root, shape, index, &segment.data)
                .map_err(bad),
            (Self::Proof, None) => Err(bad(BadProof::Path)),
            (Self::Whole, _) => found(),
        }
    }
}

/// The value most often seen; of those seen as often, the first.
fn commonest(values: impl Iterator<Item = u64>) -> Option<u64> {
    let values: Vec<u64> = values.collect();
    let votes = |value: u64| values.iter().filter(|other| **other == value).count();
    values
        .iter()
        .copied()
        .rev()
        .max_by_key(|value| votes(*value))
}

fn lock(partial: &Shared) -> std::sync::MutexGuard<'_, Partial> {
    partial.lock().unwrap_or_else(PoisonError::into_inner)
}
