//! The replicas that have some content, and the way to its bytes that they allow.

use super::bring::Bringing;
use super::check::Check;
use super::partial::{Shared, lock};
use super::{Pace, Reputation, Wanted};
use crate::error::StoreError;
use crate::id::{CONTENT_BYTES_MAX, Content, Outline};
use crate::progress::Progress;
use crate::store::{Found, Replica, Store};
use futures_util::{StreamExt, TryStreamExt, future, stream};
use std::sync::Arc;

pub(super) type Replicas = Vec<Arc<dyn Replica>>;

/// Where to fetch from, and how.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    pub stores: &'a [Arc<dyn Store>],
    pub reputation: &'a Reputation,
    pub pace: Pace,
    pub progress: &'a dyn Progress,
}

impl Sources<'_> {
    /// Who has the content. Where they disagree about its size, the size most of them
    /// name is taken; the others are not asked.
    pub(super) async fn locate(&self, wanted: Wanted) -> Result<(Content, Replicas), StoreError> {
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

    pub(super) async fn fill(
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
        let bringing = Bringing {
            from: self,
            content,
            partial,
            replicas,
            check,
        };
        let missing = lock(partial).missing();
        stream::iter(missing)
            .map(|index| bringing.segment(index))
            .buffer_unordered(self.pace.parallel.max(1))
            .try_collect()
            .await
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
