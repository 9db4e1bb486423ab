//! Cutting a stream into chunks, and putting it together again.

use super::files::{cut, fill, seek, seek_read, write};
use super::tags::{Tags, expect_signer};
use super::{
    ArtefactError, ArtefactSummary, ArtefactTagsDigest, HEAD_LEN, NONCE_LEN, SIGNATURE_LEN,
    SignedTags, TagSignature,
};
use crate::sealing::cipher::{TAG_LEN, aes256gcm};
use crate::sealing::key::ArtefactKey;
use alloy_primitives::Address;
use ring::aead::{Aad, LessSafeKey, Nonce};
use std::io::{Read, Seek, SeekFrom, Write};
use zeroize::Zeroizing;

/// The format with its one number open, so that laws are tested on small chunks.
pub(in crate::sealing) struct Cutter {
    pub(in crate::sealing) chunk: usize,
}

impl Cutter {
    pub(in crate::sealing) fn seal(
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

    pub(in crate::sealing) fn open(
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

    pub(in crate::sealing) fn check(
        &self,
        signer: Address,
        mut file: impl Read + Seek,
    ) -> Result<SignedTags, ArtefactError> {
        let (signature, _nonce) = read_head(&mut file)?;
        let summary = self.read_tags(&mut file)?;
        expect_signer(signer, &summary.tags, &signature)?;
        let signature = TagSignature(signature);
        Ok(SignedTags { summary, signature })
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

fn open_chunk<'a>(cipher: &LessSafeKey, nonce: Nonce, sealed: &'a mut [u8]) -> Option<&'a [u8]> {
    cipher
        .open_in_place(nonce, Aad::empty(), sealed)
        .ok()
        .map(|opened| &*opened)
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

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
