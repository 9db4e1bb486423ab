//! Fetching a blob, from any offset to its end.

use super::Relay;
use futures_util::stream::{self, BoxStream, StreamExt};
use proto::blob::{BlobPiece, BlobRange};
use proto::limits::BLOB_PIECE_BYTES_MAX;
use proto::{Blob, CallError};
use std::io::SeekFrom;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tonic::Status;

/// Read and sent at once; a quarter of what one message may carry.
const PIECE_BYTES: usize = BLOB_PIECE_BYTES_MAX / 4;

impl Relay {
    /// Only whole blobs are given: half of one proves nothing.
    pub async fn fetch(
        &self,
        range: BlobRange,
    ) -> Result<BoxStream<'static, Result<BlobPiece, Status>>, Status> {
        let unknown = |_error| told(CallError::BlobUnknown);
        let mut file = File::open(self.whole(range.root)).await.map_err(unknown)?;
        let size = file.metadata().await.map_err(unknown)?.len();
        if range.offset > size {
            return Err(told(CallError::BlobOffsetWrong));
        }
        let sought = file.seek(SeekFrom::Start(range.offset)).await;
        sought.map_err(|_error| told(CallError::Internal))?;
        Ok(stream::try_unfold((file, range.offset), piece).boxed())
    }
}

async fn piece(
    (mut file, offset): (File, u64),
) -> Result<Option<(BlobPiece, (File, u64))>, Status> {
    let internal = || told(CallError::Internal);
    let mut bytes = vec![0; PIECE_BYTES];
    let read = file.read(&mut bytes).await.map_err(|_disk| internal())?;
    if read == 0 {
        return Ok(None);
    }
    bytes.truncate(read);
    let next = offset.saturating_add(u64::try_from(read).map_err(|_range| internal())?);
    let data = Blob::new(bytes).map_err(|_length| internal())?;
    Ok(Some((BlobPiece { offset, data }, (file, next))))
}

fn told(error: CallError) -> Status {
    proto::grpc::status(error, "")
}
