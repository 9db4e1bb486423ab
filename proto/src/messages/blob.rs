//! Sealed blobs on their way through a broker, which sees ciphertext only.

use crate::bounded::Blob;
use crate::limits::BLOB_PIECE_BYTES_MAX;
use crate::{Root, SignedPermit};

message! {
    BlobQuery {
        root: Root,
    }
}

message! {
    BlobState {
        root: Root,
        size_bytes: u64,
        /// Held durably from the start on; an upload goes on from here.
        held_bytes: u64,
        /// All bytes are here and have this root.
        complete: bool,
    }
}

choice! {
    /// A message of an upload: the header first, then data.
    BlobUpload in blob_upload {
        Header(BlobHeader),
        Data(Blob<BLOB_PIECE_BYTES_MAX, 1>),
    }
}

message_of_choice! { BlobUpload }

message! {
    BlobHeader {
        root: Root,
        size_bytes: u64,
        /// Where this upload goes on; must be what the broker holds.
        offset: u64,
        /// A node needs none: its session stands for it.
        permit: Option<SignedPermit>,
    }
}

message! {
    BlobRange {
        root: Root,
        /// From here to the end.
        offset: u64,
    }
}

message! {
    BlobPiece {
        offset: u64,
        data: Blob<BLOB_PIECE_BYTES_MAX, 1>,
    }
}
