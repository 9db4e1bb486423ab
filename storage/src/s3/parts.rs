//! Sending an object in parts.

use super::journal::Journal;
use crate::error::StoreError;
use crate::id::SEGMENT_BYTES;
use crate::progress::Progress;
use crate::store::Upload;
use futures_util::{FutureExt, StreamExt, stream};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{Error, PutPayload};

/// All parts on their way at once: with the client's own buffers this stays below 64 MiB.
const FLYING_BYTES: u64 = 24 << 20;
const PART_BYTES_LEAST: u64 = 8 << 20;
/// What the protocol allows.
const PARTS_MAX: u64 = 10_000;

pub(super) struct Parts<'a, S> {
    pub(super) store: &'a S,
    pub(super) key: &'a Path,
    pub(super) upload: &'a Upload,
    pub(super) progress: &'a dyn Progress,
}

impl<S: MultipartStore> Parts<'_, S> {
    /// Sends the parts the bucket does not have; the bytes that moved.
    pub(super) async fn send(&self, mut journal: Journal) -> Result<u64, StoreError> {
        let resumed = journal.begun.is_some();
        match self.send_rest(&mut journal).await {
            // The bucket has given the earlier upload up.
            Err(StoreError::Bucket(Error::NotFound { .. })) if resumed => {
                journal.forget();
                self.send_rest(&mut journal).await
            }
            sent => sent,
        }
    }

    async fn send_rest(&self, journal: &mut Journal) -> Result<u64, StoreError> {
        let size = self.upload.content().size;
        let (id, part_bytes) = match journal.begun.clone() {
            Some(begun) => begun,
            None => self.begin(journal).await?,
        };
        let there = journal
            .parts
            .keys()
            .map(|part| length(size, part_bytes, *part));
        self.progress.begin(size, there.sum());
        let count = usize::try_from(size.div_ceil(part_bytes)).unwrap_or(usize::MAX);
        let missing: Vec<usize> = (0..count)
            .filter(|part| !journal.parts.contains_key(part))
            .collect();
        let at_once = usize::try_from(FLYING_BYTES / part_bytes)
            .unwrap_or(1)
            .max(1);
        let mut sent = stream::iter(missing)
            .map(|part| self.send_part(&id, part_bytes, part).boxed())
            .buffer_unordered(at_once);
        let mut moved = 0;
        while let Some(part) = sent.next().await {
            let (part, tag) = part?;
            let bytes = length(size, part_bytes, part);
            moved += bytes;
            self.progress.moved(bytes);
            journal.note(part, tag)?;
        }
        drop(sent);
        let tags = journal.parts.values().cloned();
        let parts = tags.map(|content_id| PartId { content_id }).collect();
        self.store.complete_multipart(self.key, &id, parts).await?;
        journal.forget();
        Ok(moved)
    }

    async fn begin(&self, journal: &mut Journal) -> Result<(String, u64), StoreError> {
        let part_bytes = part_bytes(self.upload.content().size);
        let id = self.store.create_multipart(self.key).await?;
        journal.begin(id.clone(), part_bytes)?;
        Ok((id, part_bytes))
    }

    async fn send_part(
        &self,
        id: &String,
        part_bytes: u64,
        part: usize,
    ) -> Result<(usize, String), StoreError> {
        let per_part = part_bytes / SEGMENT_BYTES;
        let first = u64::try_from(part)
            .unwrap_or(u64::MAX)
            .saturating_mul(per_part);
        let end = (first + per_part).min(self.upload.outline().shape().segments());
        let mut segments = Vec::new();
        for index in first..end {
            segments.push(self.upload.segment(index).await?);
        }
        let payload = PutPayload::from_iter(segments);
        let put = self.store.put_part(self.key, id, part, payload).await?;
        Ok((part, put.content_id))
    }
}

/// Whole segments, and no more parts than are allowed.
fn part_bytes(size: u64) -> u64 {
    size.div_ceil(PARTS_MAX)
        .next_multiple_of(SEGMENT_BYTES)
        .max(PART_BYTES_LEAST)
}

fn length(size: u64, part_bytes: u64, part: usize) -> u64 {
    let start = u64::try_from(part)
        .unwrap_or(u64::MAX)
        .saturating_mul(part_bytes);
    size.saturating_sub(start).min(part_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::CONTENT_BYTES_MAX;

    #[test]
    fn no_content_has_more_parts_than_are_allowed() {
        for size in [1, PART_BYTES_LEAST, 80 << 30, 100 << 30, CONTENT_BYTES_MAX] {
            let part = part_bytes(size);
            assert!(size.div_ceil(part) <= PARTS_MAX && part.is_multiple_of(SEGMENT_BYTES));
            assert!(part <= FLYING_BYTES + (8 << 20), "{size}: {part}");
        }
    }

    #[test]
    fn parts_cover_the_content() {
        for size in [
            1,
            PART_BYTES_LEAST - 1,
            PART_BYTES_LEAST,
            3 * PART_BYTES_LEAST + 5,
        ] {
            let parts = usize::try_from(size.div_ceil(PART_BYTES_LEAST)).expect("few");
            let covered: u64 = (0..parts)
                .map(|part| length(size, PART_BYTES_LEAST, part))
                .sum();
            assert_eq!(covered, size);
        }
    }
}
