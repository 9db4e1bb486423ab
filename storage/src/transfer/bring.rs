//! One segment from any replica into its place.

use super::check::Check;
use super::partial::{Shared, lock};
use super::sources::{Replicas, Sources};
use crate::error::{StoreError, blocking};
use crate::id::Content;
use crate::store::Replica;
use std::sync::Arc;
use tracing::debug;

/// A transfer on its way: what, from whom, into what, and how it is checked.
#[derive(Clone, Copy)]
pub(super) struct Bringing<'a> {
    pub(super) from: &'a Sources<'a>,
    pub(super) content: Content,
    pub(super) partial: &'a Shared,
    pub(super) replicas: &'a Replicas,
    pub(super) check: &'a Check,
}

impl<'a> Bringing<'a> {
    /// Tries replica after replica until one gives what the check allows.
    pub(super) async fn segment(&self, index: u64) -> Result<(), StoreError> {
        let mut last = None;
        let mut failed: Vec<String> = Vec::new();
        for number in 0..self.from.pace.tries {
            let Some(replica) = self.next(index, &mut failed, number).await else {
                break;
            };
            match self.attempt(replica, index).await {
                Ok(()) => return Ok(()),
                Err(error) if error.ours() => return Err(error),
                Err(error) => {
                    debug!(replica = replica.name(), index, %error, "segment will be asked for again");
                    if error.blames() {
                        self.from
                            .reputation
                            .blame(replica.name(), &error.to_string());
                    }
                    failed.push(replica.name().to_owned());
                    last = Some(Box::new(error));
                }
            }
        }
        Err(StoreError::Exhausted {
            root: self.content.root,
            index,
            tries: self.from.pace.tries,
            last,
        })
    }

    /// The replica to ask now; when all have failed, a pause and all of them again.
    async fn next(
        &self,
        index: u64,
        failed: &mut Vec<String>,
        number: u32,
    ) -> Option<&'a Arc<dyn Replica>> {
        let now = self.choose(index, failed);
        if now.is_some() || failed.is_empty() {
            return now;
        }
        failed.clear();
        tokio::time::sleep(self.from.pace.pause_before(number)).await;
        self.choose(index, failed)
    }

    /// A replica that has this segment, did not lie and did not just fail; which of
    /// several depends on the segment, so that all of them work.
    fn choose(&self, index: u64, failed: &[String]) -> Option<&'a Arc<dyn Replica>> {
        let good: Vec<_> = self
            .replicas
            .iter()
            .filter(|replica| replica.holds(index) && !self.from.reputation.is_bad(replica.name()))
            .filter(|replica| !failed.iter().any(|name| name == replica.name()))
            .collect();
        let turn = index.checked_rem(u64::try_from(good.len()).ok()?)?;
        good.get(usize::try_from(turn).ok()?).copied()
    }

    async fn attempt(&self, replica: &Arc<dyn Replica>, index: u64) -> Result<(), StoreError> {
        let limit = self.from.pace.segment_timeout;
        let slow = |_elapsed| StoreError::Patience {
            place: replica.name().to_owned(),
            what: "give a segment",
            secs: limit.as_secs(),
        };
        let segment = tokio::time::timeout(limit, replica.segment(self.content, index))
            .await
            .map_err(slow)??;
        let bytes = u64::try_from(segment.data.len()).unwrap_or(u64::MAX);
        let place = replica.name();
        let shape = lock(self.partial).shape();
        let root = self
            .check
            .root((self.content.root, shape), index, &segment, place)
            .inspect_err(|_bad| self.from.progress.wasted(bytes))?;
        let partial = Arc::clone(self.partial);
        blocking(move || lock(&partial).write(index, &segment.data, root)).await?;
        self.from.progress.moved(bytes);
        Ok(())
    }
}
