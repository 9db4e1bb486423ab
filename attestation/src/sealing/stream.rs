//! The chunks of a sealed blob: each bound to its header, its place and its being last.
//!
//! The nonce of chunk i is three zero bytes, i as eight, and 1 for the last chunk
//! or 0. The key is the blob's own, so no nonce repeats; a chunk moved, doubled,
//! left out or cut off stands under a nonce it was not made with.

use super::cipher::{Bytes32, TAG_LEN, aes256gcm};
use super::error::{OpenError, SealError};
use super::header::StreamHeader;
use ring::aead::{Aad, LessSafeKey, Nonce};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Reads in chunks and knows, one byte ahead, which is the last. One buffer serves them
/// all: it never moves, so no copy of its content stays behind.
struct Chunks<R> {
    source: R,
    len: usize,
    /// A chunk, and the first byte of the next.
    buffer: Zeroizing<Vec<u8>>,
    filled: usize,
    index: u64,
}

pub(super) fn seal_chunks(
    key: &Bytes32,
    header: &StreamHeader,
    plain: impl Read,
    sealed: &mut impl Write,
) -> Result<u64, SealError> {
    let cipher = aes256gcm(key).map_err(|_never| SealError::Agreement)?;
    let aad = header.to_bytes();
    let mut chunks = Chunks::new(plain, header.chunk_len()).map_err(SealError::Read)?;
    let mut total = 0_u64;
    loop {
        let nonce = nonce(chunks.index, chunks.at_last());
        let chunk = chunks.current();
        total = add(total, chunk.len()).ok_or(SealError::TooLong)?;
        let tag = cipher
            .seal_in_place_separate_tag(nonce, Aad::from(&aad), chunk)
            .map_err(|_too_long| SealError::TooLong)?;
        sealed
            .write_all(chunk)
            .and_then(|()| sealed.write_all(tag.as_ref()))
            .map_err(SealError::Write)?;
        if chunks.at_last() {
            return Ok(total);
        }
        chunks.step().map_err(SealError::Read)?;
    }
}

pub(super) fn open_chunks(
    key: &Bytes32,
    header: &StreamHeader,
    sealed: impl Read,
    plain: &mut impl Write,
) -> Result<u64, OpenError> {
    let cipher = aes256gcm(key).map_err(|_never| OpenError::Wrap)?;
    let aad = header.to_bytes();
    let len = header.chunk_len().saturating_add(TAG_LEN);
    let mut chunks = Chunks::new(sealed, len).map_err(OpenError::Read)?;
    let mut total = 0_u64;
    loop {
        let index = chunks.index;
        let opened = open_chunk(&cipher, &aad, &mut chunks).ok_or(OpenError::Chunk(index))?;
        plain.write_all(opened).map_err(OpenError::Write)?;
        total = add(total, opened.len()).ok_or(OpenError::Chunk(index))?;
        if chunks.at_last() {
            return Ok(total);
        }
        chunks.step().map_err(OpenError::Read)?;
    }
}

fn open_chunk<'a>(
    cipher: &LessSafeKey,
    aad: &[u8],
    chunks: &'a mut Chunks<impl Read>,
) -> Option<&'a [u8]> {
    let nonce = nonce(chunks.index, chunks.at_last());
    let first = chunks.index == 0;
    let opened = cipher
        .open_in_place(nonce, Aad::from(aad), chunks.current())
        .ok()?;
    // Only the whole of nothing ends in an empty chunk: one text, one blob.
    (first || !opened.is_empty()).then_some(opened)
}

impl<R: Read> Chunks<R> {
    fn new(source: R, len: usize) -> io::Result<Self> {
        let mut chunks = Self {
            source,
            len,
            buffer: Zeroizing::new(vec![0; len.saturating_add(1)]),
            filled: 0,
            index: 0,
        };
        chunks.fill()?;
        Ok(chunks)
    }

    /// A short chunk ended the stream.
    fn at_last(&self) -> bool {
        self.filled <= self.len
    }

    fn current(&mut self) -> &mut [u8] {
        let len = self.filled.min(self.len);
        self.buffer.get_mut(..len).unwrap_or_default()
    }

    /// The byte that was read ahead begins the next chunk.
    fn step(&mut self) -> io::Result<()> {
        self.index = self
            .index
            .checked_add(1)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        self.buffer.copy_within(self.len.., 0);
        self.filled = 1;
        self.fill()
    }

    /// Reads until a chunk and one byte more are there, or the stream ends; whoever has
    /// said that it ended is not asked again.
    fn fill(&mut self) -> io::Result<()> {
        while let Some(room @ [_, ..]) = self.buffer.get_mut(self.filled..) {
            match self.source.read(room) {
                Ok(0) => return Ok(()),
                Ok(read) => self.filled = self.filled.saturating_add(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn nonce(index: u64, last: bool) -> Nonce {
    let place = (u128::from(index) << 8) | u128::from(last);
    let [_, _, _, _, nonce @ ..] = place.to_be_bytes();
    Nonce::assume_unique_for_key(nonce)
}

fn add(total: u64, len: usize) -> Option<u64> {
    total.checked_add(u64::try_from(len).ok()?)
}
