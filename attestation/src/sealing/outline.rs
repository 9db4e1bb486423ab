//! What a sealed blob says to everybody: its header, read without a key.

use super::cipher::TAG_LEN;
use super::error::OpenError;
use super::header::Purpose;
use super::header::{StreamHeader, VERSION, Wrap};
use std::io::Read;

/// A header. Whether it is the one that was written shows only when the blob is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    pub version: u8,
    pub purpose: Purpose,
    /// Bytes of content in each chunk but the last.
    pub chunk_len: u64,
    pub context: [u8; 32],
    pub stream: [u8; 32],
    pub agreement: Agreement,
    /// Names the one key that opens it.
    pub recipient: [u8; 32],
    pub ephemeral: Vec<u8>,
    /// Bytes before the first chunk.
    pub header_len: u64,
}

/// How the key was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    X25519,
    Secp256k1,
}

impl Outline {
    pub fn read(mut blob: impl Read) -> Result<Self, OpenError> {
        let header = StreamHeader::read(&mut blob)?;
        let wrap = Wrap::read(&mut blob)?;
        let header_len = [header.to_bytes(), wrap.to_bytes()].concat().len();
        Ok(Self {
            version: VERSION,
            purpose: header.purpose,
            chunk_len: long(header.chunk_len()),
            context: header.context,
            stream: header.stream,
            agreement: Agreement::of(wrap.suite)?,
            recipient: wrap.recipient.0,
            ephemeral: wrap.ephemeral,
            header_len: long(header_len),
        })
    }

    /// How many bytes a blob of this length holds; `None` for a length no blob has.
    pub fn content_len(&self, blob_len: u64) -> Option<u64> {
        let tag = long(TAG_LEN);
        let chunks = blob_len.checked_sub(self.header_len)?;
        let full = chunks.checked_div(self.chunk_len.checked_add(tag)?)?;
        let rest = chunks.checked_rem(self.chunk_len.checked_add(tag)?)?;
        let last = match rest {
            0 if full > 0 => 0,
            rest => rest
                .checked_sub(tag)
                .filter(|&last| last > 0 || full == 0)?,
        };
        full.checked_mul(self.chunk_len)?.checked_add(last)
    }
}

impl Agreement {
    fn of(suite: u8) -> Result<Self, OpenError> {
        match suite {
            1 => Ok(Self::X25519),
            2 => Ok(Self::Secp256k1),
            _ => Err(OpenError::Header("the key agreement")),
        }
    }
}

fn long(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
