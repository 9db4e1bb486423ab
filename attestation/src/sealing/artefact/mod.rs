//! 0G's artefact file: what their client downloads and decrypts.
//!
//! ```text
//! 0   65  tag signature: r ‖ s ‖ v by the TEE signer over keccak256(tag 0 ‖ tag 1 ‖ …)
//! 65  12  nonce of chunk 0; chunk i has this plus i, big-endian, wrapping
//! 77      chunk 0: up to 64 MiB of ciphertext, then 16 bytes of tag
//!         chunk 1: …
//! ```
//!
//! The format has no length, no version and binds no task: a cut at a chunk's end
//! shows in the tag signature alone. So [`open_artefact`] reads the tags and checks
//! their signature first, and decrypts afterwards; 0G's client does it last.

use super::cipher::{TAG_LEN, aes256gcm};
use super::key::ArtefactKey;
use super::witness::recover;
use alloy_primitives::{Address, Keccak256};
use ring::aead::{Aad, LessSafeKey, Nonce};
use ring::rand::SecureRandom;
use std::io::{self, Read, Seek, SeekFrom, Write};
use zeroize::Zeroizing;

const SIGNATURE_LEN: usize = 65;
const NONCE_LEN: usize = 12;
const HEAD_LEN: u64 = 77;
/// Fixed by 0G's client, which cuts the file by it.
pub(super) const CHUNK_LEN: usize = 64 << 20;

/// What the TEE signer signs: keccak256 over all tags. A raw digest, no prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArtefactTagsDigest(pub [u8; 32]);

/// r ‖ s ‖ v.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagSignature(pub [u8; SIGNATURE_LEN]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArtefactSummary {
    pub plain_bytes: u64,
    pub tags: ArtefactTagsDigest,
}

#[derive(Debug, thiserror::Error)]
pub enum ArtefactError {
    #[error("cannot read the input")]
    Read(#[source] io::Error),
    #[error("cannot write the output")]
    Write(#[source] io::Error),
    #[error("an artefact of no bytes is not defined by 0g's format")]
    Empty,
    #[error("the system's random generator failed")]
    Random,
    #[error("cannot sign the artefact's tags")]
    Sign(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the file is cut: no artefact has this length")]
    Cut,
    #[error("the tags are not signed by the expected signer; {0:?} signed them")]
    Signer(Option<Address>),
    #[error("chunk {0} does not decrypt: another key, or altered")]
    Chunk(u64),
    #[error("the file changed while it was read")]
    Changed,
}

/// Seals all of `plain`. `out` is written from its current position, which is
/// where the signature goes in the end; memory is one chunk.
pub fn seal_artefact<E>(
    key: &ArtefactKey,
    plain: impl Read,
    out: impl Write + Seek,
    rng: &dyn SecureRandom,
    sign: impl FnOnce(&ArtefactTagsDigest) -> Result<TagSignature, E>,
) -> Result<ArtefactSummary, ArtefactError>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut nonce = [0; NONCE_LEN];
    rng.fill(&mut nonce)
        .map_err(|_broken| ArtefactError::Random)?;
    Cutter { chunk: CHUNK_LEN }.seal(key, nonce, plain, out, |tags| {
        sign(tags).map_err(|error| ArtefactError::Sign(error.into()))
    })
}

/// Opens an artefact whose tags `signer` signed. Nothing is written before the
/// signature held, and nothing of a chunk before the chunk is authentic.
pub fn open_artefact(
    key: &ArtefactKey,
    signer: Address,
    file: impl Read + Seek,
    plain: impl Write,
) -> Result<ArtefactSummary, ArtefactError> {
    Cutter { chunk: CHUNK_LEN }.open(key, signer, file, plain)
}

/// The format with its one number open, so that laws are tested on small chunks.
pub(super) struct Cutter {
    pub(super) chunk: usize,
}

impl Cutter {
    pub(super) fn seal(
        &self,
        key: &ArtefactKey,
        nonce: [u8; NONCE_LEN],
        plain: impl Read,
        mut out: impl Write + Seek,
        sign: impl FnOnce(&ArtefactTagsDigest) -> Result<TagSignature, ArtefactError>,
    ) -> Result<ArtefactSummary, ArtefactError> {
        let start = out.stream_position().map_err(ArtefactError::Write)?;
        write(&mut out, &[0; SIGNATURE_LEN])?;
        write(&mut out, &nonce)?;
        let summary = self.seal_chunks(key, nonce, plain, &mut out)?;
        let signature = sign(&summary.tags)?;
        let end = out.stream_position().map_err(ArtefactError::Write)?;
        seek(&mut out, start)?;
        write(&mut out, &signature.0)?;
        seek(&mut out, end)?;
        out.flush().map_err(ArtefactError::Write)?;
        Ok(summary)
    }

    fn seal_chunks(
        &self,
        key: &ArtefactKey,
        nonce: [u8; NONCE_LEN],
        mut plain: impl Read,
        out: &mut impl Write,
    ) -> Result<ArtefactSummary, ArtefactError> {
        let cipher = aes256gcm(key.bytes()).map_err(|_never| ArtefactError::Chunk(0))?;
        let mut buffer = Zeroizing::new(Vec::with_capacity(self.chunk));
        let mut tags = Tags::default();
        while fill(&mut plain, self.chunk, &mut buffer)? > 0 {
            let nonce = nonce_of(nonce, tags.chunks);
            tags.plain_bytes = tags.plain_bytes.saturating_add(len(&buffer));
            let tag = cipher
                .seal_in_place_separate_tag(nonce, Aad::empty(), &mut buffer)
                .map_err(|_too_long| ArtefactError::Chunk(tags.chunks))?;
            write(out, &buffer)?;
            write(out, tag.as_ref())?;
            tags.push(tag.as_ref());
        }
        tags.finish()
    }

    pub(super) fn open(
        &self,
        key: &ArtefactKey,
        signer: Address,
        mut file: impl Read + Seek,
        mut plain: impl Write,
    ) -> Result<ArtefactSummary, ArtefactError> {
        let start = file.stream_position().map_err(ArtefactError::Read)?;
        let (signature, nonce) = read_head(&mut file)?;
        let promised = self.read_tags(&mut file)?;
        expect_signer(signer, &promised.tags, &signature)?;
        seek_read(&mut file, start.saturating_add(HEAD_LEN))?;
        let opened = self.open_chunks(key, nonce, file, &mut plain)?;
        plain.flush().map_err(ArtefactError::Write)?;
        if opened == promised {
            Ok(opened)
        } else {
            Err(ArtefactError::Changed)
        }
    }

    /// Reads only the tags and seeks over what lies between.
    fn read_tags(&self, file: &mut (impl Read + Seek)) -> Result<ArtefactSummary, ArtefactError> {
        let here = file.stream_position().map_err(ArtefactError::Read)?;
        let end = file.seek(SeekFrom::End(0)).map_err(ArtefactError::Read)?;
        let mut at = here;
        let mut tags = Tags::default();
        while at < end {
            let chunk = self.sealed_len().min(end.saturating_sub(at));
            let plain = chunk.checked_sub(16).filter(|&plain| plain > 0);
            let plain = plain.ok_or(ArtefactError::Cut)?;
            tags.plain_bytes = tags.plain_bytes.saturating_add(plain);
            seek_read(file, at.saturating_add(plain))?;
            let mut tag = [0; TAG_LEN];
            file.read_exact(&mut tag).map_err(cut)?;
            tags.push(&tag);
            at = at.saturating_add(chunk);
        }
        tags.finish()
    }

    fn open_chunks(
        &self,
        key: &ArtefactKey,
        nonce: [u8; NONCE_LEN],
        mut file: impl Read,
        plain: &mut impl Write,
    ) -> Result<ArtefactSummary, ArtefactError> {
        let cipher = aes256gcm(key.bytes()).map_err(|_never| ArtefactError::Chunk(0))?;
        let sealed_len = self.chunk.saturating_add(TAG_LEN);
        let mut buffer = Zeroizing::new(Vec::with_capacity(sealed_len));
        let mut tags = Tags::default();
        while fill(&mut file, sealed_len, &mut buffer)? > 0 {
            tags.push(buffer.last_chunk::<TAG_LEN>().ok_or(ArtefactError::Cut)?);
            let index = tags.chunks.saturating_sub(1);
            let opened = open_chunk(&cipher, nonce_of(nonce, index), &mut buffer)
                .ok_or(ArtefactError::Chunk(index))?;
            tags.plain_bytes = tags.plain_bytes.saturating_add(len(opened));
            write(plain, opened)?;
        }
        tags.finish()
    }

    fn sealed_len(&self) -> u64 {
        u64::try_from(self.chunk.saturating_add(TAG_LEN)).unwrap_or(u64::MAX)
    }
}

#[derive(Default)]
struct Tags {
    hash: Keccak256,
    chunks: u64,
    plain_bytes: u64,
}

impl Tags {
    fn push(&mut self, tag: &[u8]) {
        self.hash.update(tag);
        self.chunks = self.chunks.saturating_add(1);
    }

    fn finish(self) -> Result<ArtefactSummary, ArtefactError> {
        if self.chunks == 0 {
            return Err(ArtefactError::Empty);
        }
        Ok(ArtefactSummary {
            plain_bytes: self.plain_bytes,
            tags: ArtefactTagsDigest(self.hash.finalize().0),
        })
    }
}

fn open_chunk<'a>(cipher: &LessSafeKey, nonce: Nonce, sealed: &'a mut [u8]) -> Option<&'a [u8]> {
    cipher
        .open_in_place(nonce, Aad::empty(), sealed)
        .ok()
        .map(|opened| &*opened)
}

fn expect_signer(
    expected: Address,
    tags: &ArtefactTagsDigest,
    signature: &[u8; SIGNATURE_LEN],
) -> Result<(), ArtefactError> {
    let found = recover(&tags.0, signature).map(|key| Address::from_public_key(&key));
    if found == Some(expected) {
        Ok(())
    } else {
        Err(ArtefactError::Signer(found))
    }
}

fn read_head(
    file: &mut impl Read,
) -> Result<([u8; SIGNATURE_LEN], [u8; NONCE_LEN]), ArtefactError> {
    let (mut signature, mut nonce) = ([0; SIGNATURE_LEN], [0; NONCE_LEN]);
    file.read_exact(&mut signature).map_err(cut)?;
    file.read_exact(&mut nonce).map_err(cut)?;
    Ok((signature, nonce))
}

/// `first + index` as a 12-byte big-endian number that wraps.
fn nonce_of(first: [u8; NONCE_LEN], index: u64) -> Nonce {
    let mut wide = [0; 16];
    for (to, from) in wide.iter_mut().skip(4).zip(first) {
        *to = from;
    }
    let sum = u128::from_be_bytes(wide).wrapping_add(index.into());
    let [_, _, _, _, nonce @ ..] = sum.to_be_bytes();
    Nonce::assume_unique_for_key(nonce)
}

fn fill(source: &mut impl Read, len: usize, buffer: &mut Vec<u8>) -> Result<usize, ArtefactError> {
    buffer.clear();
    let len = u64::try_from(len).unwrap_or(u64::MAX);
    let source = source.by_ref();
    source
        .take(len)
        .read_to_end(buffer)
        .map_err(ArtefactError::Read)
}

fn write(out: &mut impl Write, bytes: &[u8]) -> Result<(), ArtefactError> {
    out.write_all(bytes).map_err(ArtefactError::Write)
}

fn seek(out: &mut impl Seek, to: u64) -> Result<(), ArtefactError> {
    let moved = out.seek(SeekFrom::Start(to));
    moved.map(|_position| ()).map_err(ArtefactError::Write)
}

fn seek_read(file: &mut impl Seek, to: u64) -> Result<(), ArtefactError> {
    let moved = file.seek(SeekFrom::Start(to));
    moved.map(|_position| ()).map_err(ArtefactError::Read)
}

fn cut(error: io::Error) -> ArtefactError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        ArtefactError::Cut
    } else {
        ArtefactError::Read(error)
    }
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
