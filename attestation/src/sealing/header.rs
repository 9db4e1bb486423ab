//! The header of a sealed blob: 76 bytes every chunk is bound to, then the wrap.

use super::error::OpenError;
use super::kem::{KeyId, ephemeral_len};
use std::io::Read;

pub(super) const MAGIC: &[u8; 8] = b"sealtune";
pub(super) const VERSION: u8 = 1;
pub(super) const WRAP_LEN: usize = 48;
const STREAM_HEADER_LEN: usize = 76;

/// Chunks of 128 KiB stay in the second-level cache between the cipher and the copy.
pub(super) const CHUNK_LOG2: u8 = 17;
/// What a foreign header may ask for: 4 KiB to 4 MiB, so that memory stays bounded.
const CHUNK_LOG2_RANGE: std::ops::RangeInclusive<u8> = 12..=22;

/// What a blob is for. One sealed as one thing does not open as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A customer's training data, on its way to a node.
    Dataset,
    /// The state of a training run.
    Checkpoint,
    /// Data an enclave fetched and checked, waiting on its own disk.
    Staged,
    /// A record of the enclave's own: the journal, a key file.
    Record,
    /// The key of a task's result.
    ResultKey,
}

/// The part of the header that outlives a change of recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StreamHeader {
    pub(super) purpose: Purpose,
    pub(super) chunk_log2: u8,
    pub(super) context: [u8; 32],
    /// Random: no two blobs share a stream header.
    pub(super) stream: [u8; 32],
}

/// The data key, for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrap {
    pub(super) suite: u8,
    pub(super) recipient: KeyId,
    pub(super) ephemeral: Vec<u8>,
    pub(super) key: [u8; WRAP_LEN],
}

impl StreamHeader {
    pub(super) fn chunk_len(&self) -> usize {
        1_usize.checked_shl(self.chunk_log2.into()).unwrap_or(1)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let fixed = [VERSION, self.purpose.code(), self.chunk_log2, 0];
        [&MAGIC[..], &fixed, &self.context, &self.stream].concat()
    }

    pub(super) fn read(source: &mut impl Read) -> Result<Self, OpenError> {
        let bytes: [u8; STREAM_HEADER_LEN] = read_array(source)?;
        let (magic, rest) = split(&bytes)?;
        let ([version, purpose, chunk_log2, reserved], rest) = split(rest)?;
        let (context, rest) = split(rest)?;
        let (stream, _) = split(rest)?;
        if magic != MAGIC {
            return Err(OpenError::NotSealed);
        }
        if *version != VERSION {
            return Err(OpenError::Version(*version));
        }
        if !CHUNK_LOG2_RANGE.contains(chunk_log2) {
            return Err(OpenError::Header("the chunk size"));
        }
        if *reserved != 0 {
            return Err(OpenError::Header("the reserved byte"));
        }
        Ok(Self {
            purpose: Purpose::from_code(*purpose).ok_or(OpenError::Header("the purpose"))?,
            chunk_log2: *chunk_log2,
            context: *context,
            stream: *stream,
        })
    }
}

impl Wrap {
    /// What the wrapped key is bound to besides the stream header.
    pub(super) fn public_part(&self) -> Vec<u8> {
        [&[self.suite][..], &self.recipient.0, &self.ephemeral].concat()
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [&self.public_part()[..], &self.key].concat()
    }

    pub(super) fn read(source: &mut impl Read) -> Result<Self, OpenError> {
        let [suite] = read_array(source)?;
        let len = ephemeral_len(suite).ok_or(OpenError::Header("the key agreement"))?;
        let recipient = KeyId(read_array(source)?);
        let mut ephemeral = vec![0; len];
        source.read_exact(&mut ephemeral).map_err(cut)?;
        let key = read_array(source)?;
        Ok(Self {
            suite,
            recipient,
            ephemeral,
            key,
        })
    }
}

impl Purpose {
    const fn code(self) -> u8 {
        match self {
            Self::Dataset => 1,
            Self::Checkpoint => 2,
            Self::Staged => 3,
            Self::Record => 4,
            Self::ResultKey => 5,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Dataset),
            2 => Some(Self::Checkpoint),
            3 => Some(Self::Staged),
            4 => Some(Self::Record),
            5 => Some(Self::ResultKey),
            _ => None,
        }
    }
}

fn split<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), OpenError> {
    bytes.split_first_chunk().ok_or(OpenError::NotSealed)
}

fn read_array<const N: usize>(source: &mut impl Read) -> Result<[u8; N], OpenError> {
    let mut bytes = [0; N];
    source.read_exact(&mut bytes).map_err(cut)?;
    Ok(bytes)
}

/// The end of the stream inside the header is an answer, not an I/O error.
fn cut(error: std::io::Error) -> OpenError {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        OpenError::NotSealed
    } else {
        OpenError::Read(error)
    }
}
