//! Sealed bytes on their way to a broker and back.

use crate::broker::{in_time, news};
use crate::failed::checked;
use crate::{Broker, CallFailed, News};
use futures_util::future::join;
use proto::blob::{BlobHeader, BlobPiece, BlobQuery, BlobRange, BlobState, BlobUpload};
use proto::limits::BLOB_PIECE_BYTES_MAX;
use proto::{Blob, CallError, Root, SignedPermit, wire};
use std::io::{self, SeekFrom};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Pieces read ahead of the wire.
const AHEAD_MAX: usize = 2;

#[derive(Debug, thiserror::Error)]
pub enum PutFailed {
    #[error("cannot read what is to be sent")]
    Read(#[source] io::Error),
    #[error(transparent)]
    Call(#[from] CallFailed),
}

impl Broker {
    /// How much of a blob the broker holds.
    pub async fn blob_stat(&self, root: Root) -> Result<BlobState, CallFailed> {
        let asked = wire::BlobQuery::from(BlobQuery { root });
        checked(in_time(self.client().blob_stat(asked)).await?)
    }

    /// Sends what the broker does not hold yet of sealed bytes with this root. What came before
    /// an upload broke off is kept; the same again goes on from there.
    pub async fn blob_put(
        &self,
        root: Root,
        permit: Option<SignedPermit>,
        mut from: impl AsyncRead + AsyncSeek + Unpin,
    ) -> Result<BlobState, PutFailed> {
        let held = match self.blob_stat(root).await {
            Ok(state) if state.complete => return Ok(state),
            Ok(state) => state.held_bytes,
            Err(error) if error.error() == Some(CallError::BlobUnknown) => 0,
            Err(error) => return Err(error.into()),
        };
        let size_bytes = from.seek(SeekFrom::End(0)).await.map_err(PutFailed::Read)?;
        let at = from.seek(SeekFrom::Start(held)).await;
        let header = BlobHeader {
            root,
            size_bytes,
            offset: at.map_err(PutFailed::Read)?,
            permit,
        };
        self.send(header, from).await
    }

    /// A whole blob from this byte on, in pieces.
    pub async fn blob_get(&self, root: Root, offset: u64) -> Result<News<BlobPiece>, CallFailed> {
        let asked = wire::BlobRange::from(BlobRange { root, offset });
        Ok(news(in_time(self.client().blob_get(asked)).await??))
    }

    async fn send(
        &self,
        header: BlobHeader,
        from: impl AsyncRead + Unpin,
    ) -> Result<BlobState, PutFailed> {
        let (pieces, sent) = mpsc::channel(AHEAD_MAX);
        let mut client = self.client();
        let call = client.blob_put(ReceiverStream::new(sent));
        let (answer, read) = join(call, feed(header, from, pieces)).await;
        let state = checked(answer)?;
        read.map_err(PutFailed::Read)?;
        Ok(state)
    }
}

/// Ends when all was read, or when nobody listens any more: then the answer says why.
async fn feed(
    header: BlobHeader,
    mut from: impl AsyncRead + Unpin,
    pieces: mpsc::Sender<wire::BlobUpload>,
) -> io::Result<()> {
    let mut next = BlobUpload::Header(header);
    while pieces.send(next.into()).await.is_ok() {
        let mut piece = Vec::with_capacity(BLOB_PIECE_BYTES_MAX);
        let most = u64::try_from(BLOB_PIECE_BYTES_MAX).unwrap_or(u64::MAX);
        (&mut from).take(most).read_to_end(&mut piece).await?;
        let Ok(piece) = Blob::new(piece) else {
            return Ok(());
        };
        next = BlobUpload::Data(piece);
    }
    Ok(())
}
