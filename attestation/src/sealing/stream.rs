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

/// Reads in chunks and knows, one chunk ahead, which is the last.
struct Chunks<R> {
    source: R,
    len: usize,
    current: Zeroizing<Vec<u8>>,
    next: Zeroizing<Vec<u8>>,
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
        total = add(total, chunks.current.len()).ok_or(SealError::TooLong)?;
        let tag = cipher
            .seal_in_place_separate_tag(nonce, Aad::from(&aad), &mut chunks.current)
            .map_err(|_too_long| SealError::TooLong)?;
        sealed
            .write_all(&chunks.current)
            .map_err(SealError::Write)?;
        sealed.write_all(tag.as_ref()).map_err(SealError::Write)?;
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
        .open_in_place(nonce, Aad::from(aad), &mut chunks.current)
        .ok()?;
    // Only the whole of nothing ends in an empty chunk: one text, one blob.
    (first || !opened.is_empty()).then_some(opened)
}

impl<R: Read> Chunks<R> {
    fn new(source: R, len: usize) -> io::Result<Self> {
        let mut chunks = Self {
            source,
            len,
            current: Zeroizing::new(Vec::with_capacity(len)),
            next: Zeroizing::new(Vec::with_capacity(len)),
            index: 0,
        };
        fill(&mut chunks.source, len, &mut chunks.current)?;
        chunks.look_ahead()?;
        Ok(chunks)
    }

    fn at_last(&self) -> bool {
        self.next.is_empty()
    }

    fn step(&mut self) -> io::Result<()> {
        std::mem::swap(&mut self.current, &mut self.next);
        self.index = self
            .index
            .checked_add(1)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        self.look_ahead()
    }

    /// A short chunk ended the stream already; asking again could block.
    fn look_ahead(&mut self) -> io::Result<()> {
        let len = if self.current.len() < self.len {
            0
        } else {
            self.len
        };
        fill(&mut self.source, len, &mut self.next)
    }
}

/// Reads `len` bytes, or fewer at the end of the stream. The buffer has the room
/// already and never moves, so no copy of its content stays behind.
fn fill(source: &mut impl Read, len: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    let len = u64::try_from(len).unwrap_or(u64::MAX);
    source.by_ref().take(len).read_to_end(buffer).map(|_len| ())
}

fn nonce(index: u64, last: bool) -> Nonce {
    let place = (u128::from(index) << 8) | u128::from(last);
    let [_, _, _, _, nonce @ ..] = place.to_be_bytes();
    Nonce::assume_unique_for_key(nonce)
}

fn add(total: u64, len: usize) -> Option<u64> {
    total.checked_add(u64::try_from(len).ok()?)
}
