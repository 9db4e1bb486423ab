//! Putting a blob: a header, then data, from where the held bytes end.

use super::{Relay, is_there, length};
use crate::permits;
use crate::store::{Reservation, Reserved};
use futures_util::stream::{BoxStream, StreamExt};
use proto::CallError;
use proto::blob::{BlobHeader, BlobState, BlobUpload};
use std::io;
use std::path::PathBuf;
use storage::id::root_of;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tonic::Status;
use tracing::warn;

/// What comes from a customer.
pub type Uploading = BoxStream<'static, Result<BlobUpload, Status>>;

impl Relay {
    pub async fn put(&self, mut uploading: Uploading) -> Result<BlobState, Status> {
        let header = match uploading.next().await.transpose()? {
            Some(BlobUpload::Header(header)) => header,
            Some(BlobUpload::Data(_)) | None => return Err(told(CallError::Unexpected)),
        };
        let blob = self.reserved(&header).await.map_err(told)?;
        let putting = self.put_alone(header.root);
        let _putting = putting.ok_or_else(|| told(CallError::TooManyStreams))?;
        if is_there(&self.whole(header.root)).await {
            return self.state(&blob).await.map_err(told);
        }
        let held = length(&self.part(header.root)).await;
        if header.offset != held {
            return Err(told(CallError::BlobOffsetWrong));
        }
        let size = self.append(&header, held, &mut uploading).await?;
        if size == header.size_bytes {
            self.finish(&header).await.map_err(told)?;
        }
        self.state(&blob).await.map_err(told)
    }

    async fn reserved(&self, header: &BlobHeader) -> Result<Reservation, CallError> {
        let now = self.books.now();
        let customer = permits::for_upload(header.permit.as_ref(), self.market, now)?;
        if header.size_bytes == 0 || header.size_bytes > self.quotas.blob_bytes_max {
            return Err(CallError::BlobTooLarge);
        }
        let blob = Reservation {
            root: header.root,
            customer,
            size_bytes: header.size_bytes,
            at: now,
            customer_bytes_max: self.quotas.customer_bytes_max,
        };
        let reserved = self.books.store.reserve(&blob).await;
        match reserved.map_err(|_books| CallError::NotReady)? {
            Reserved::Done => Ok(blob),
            Reserved::OverQuota => Err(CallError::QuotaExceeded),
            Reserved::OtherSize => Err(CallError::BlobMismatch),
        }
    }

    /// What came is durable before it is told, also where the upload breaks off.
    async fn append(
        &self,
        header: &BlobHeader,
        held: u64,
        uploading: &mut Uploading,
    ) -> Result<u64, Status> {
        let path = self.part(header.root);
        let mut file = appending(path).await.map_err(disk)?;
        let mut size = held;
        let ended = loop {
            let data = match uploading.next().await {
                None => break Ok(()),
                Some(Err(broken)) => break Err(broken),
                Some(Ok(BlobUpload::Header(_))) => break Err(told(CallError::Unexpected)),
                Some(Ok(BlobUpload::Data(data))) => data,
            };
            let more = u64::try_from(data.len()).unwrap_or(u64::MAX);
            if size.saturating_add(more) > header.size_bytes {
                break Err(told(CallError::BlobTooLarge));
            }
            file.write_all(&data).await.map_err(disk)?;
            size = size.saturating_add(more);
        };
        file.sync_all().await.map_err(disk)?;
        ended.map(|()| size)
    }

    /// What is not what it was announced as is dropped, and its room given back.
    async fn finish(&self, header: &BlobHeader) -> Result<(), CallError> {
        let (root, part, whole) = (header.root, self.part(header.root), self.whole(header.root));
        let folder = self.folder.clone();
        let finished = tokio::task::spawn_blocking(move || {
            let content = root_of(std::fs::File::open(&part)?).map_err(io::Error::other)?;
            if content.root != root {
                return Ok(false);
            }
            std::fs::rename(&part, &whole)?;
            std::fs::File::open(&*folder)?.sync_all()?;
            Ok::<_, io::Error>(true)
        });
        match finished.await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => {
                let dropped = self.drop_blob(root).await;
                dropped.map_err(|_disk| CallError::Internal)?;
                Err(CallError::BlobMismatch)
            }
            Ok(Err(error)) => {
                warn!(code = "B-RELAY-002", %error, %root, "a blob cannot be finished");
                Err(CallError::Internal)
            }
            Err(_panic) => Err(CallError::Internal),
        }
    }
}

async fn appending(path: PathBuf) -> io::Result<File> {
    let mut options = tokio::fs::OpenOptions::new();
    options.create(true).append(true).open(path).await
}

fn told(error: CallError) -> Status {
    proto::grpc::status(error, "")
}

#[allow(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn disk(error: io::Error) -> Status {
    warn!(code = "B-RELAY-003", %error, "the disk of the relay does not do as told");
    told(CallError::Internal)
}
