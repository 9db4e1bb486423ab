//! Sealing and opening blobs: a fresh data key, wrapped for one recipient.

use super::cipher::{Bytes32, aes256gcm};
use super::error::{OpenError, SealError};
use super::header::{CHUNK_LOG2, Purpose, StreamHeader, WRAP_LEN, Wrap};
use super::kem::{agree, agree_with, random32};
use super::key::OpeningKey;
use super::recipient::Recipient;
use super::stream::{open_chunks, seal_chunks};
use alloy_primitives::Address;
use ring::aead::{Aad, Nonce};
use ring::digest::{SHA256, digest};
use ring::rand::SecureRandom;
use std::io::{self, Read, Write};

/// What a blob is and what it belongs to. Both sides state it; it is bound to
/// every chunk, so the checkpoint of one task is not taken for another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    pub purpose: Purpose,
    /// A task's id, a dataset's name hashed: 32 bytes both sides know.
    pub context: [u8; 32],
}

impl Label {
    /// What a dataset is sealed as: for the orders of one customer. Without her in it, an
    /// order of somebody else could name the blob and have its content learnt.
    pub fn dataset(customer: Address) -> Self {
        let bytes = [b"sealtune dataset v1\0".as_slice(), customer.as_slice()].concat();
        let mut context = [0; 32];
        context.copy_from_slice(digest(&SHA256, &bytes).as_ref());
        Self {
            purpose: Purpose::Dataset,
            context,
        }
    }
}

/// Seals all of `plain` to one recipient and says how many bytes that was.
///
/// Memory is two chunks, however long the stream. The output is complete only
/// when this returns: what a failed call wrote does not open.
pub fn seal(
    to: &Recipient,
    label: &Label,
    plain: impl Read,
    mut sealed: impl Write,
    rng: &dyn SecureRandom,
) -> Result<u64, SealError> {
    let header = StreamHeader {
        purpose: label.purpose,
        chunk_log2: CHUNK_LOG2,
        context: label.context,
        stream: *random32(rng).map_err(|_broken| SealError::Agreement)?,
    };
    let key = random32(rng).map_err(|_broken| SealError::Agreement)?;
    write_header(to, &header, &key, &mut sealed, rng)?;
    let total = seal_chunks(&key, &header, plain, &mut sealed)?;
    sealed.flush().map_err(SealError::Write)?;
    Ok(total)
}

/// Opens a blob and says how many bytes it held.
///
/// Every chunk written is authentic and in its place, but only `Ok` says that
/// nothing is missing: whoever gets an error discards what was written.
pub fn open(
    with: &OpeningKey,
    label: &Label,
    mut sealed: impl Read,
    mut plain: impl Write,
) -> Result<u64, OpenError> {
    let (header, key) = open_header(with, label, &mut sealed)?;
    let total = open_chunks(&key, &header, sealed, &mut plain)?;
    plain.flush().map_err(OpenError::Write)?;
    Ok(total)
}

/// Hands a blob on to another recipient without opening its content: only the
/// wrap is made anew. The chunks are copied as they are, and checked by whoever
/// opens the result.
pub fn rewrap(
    with: &OpeningKey,
    to: &Recipient,
    label: &Label,
    mut sealed: impl Read,
    mut out: impl Write,
    rng: &dyn SecureRandom,
) -> Result<u64, RewrapError> {
    let (header, key) = open_header(with, label, &mut sealed)?;
    write_header(to, &header, &key, &mut out, rng)?;
    Ok(io::copy(&mut sealed, &mut out)?)
}

#[derive(Debug, thiserror::Error)]
pub enum RewrapError {
    #[error("cannot open the blob's header")]
    Open(#[from] OpenError),
    #[error("cannot seal the key to its new recipient")]
    Seal(#[from] SealError),
    #[error("cannot copy the chunks")]
    Copy(#[from] io::Error),
}

fn write_header(
    to: &Recipient,
    header: &StreamHeader,
    key: &Bytes32,
    sealed: &mut impl Write,
    rng: &dyn SecureRandom,
) -> Result<(), SealError> {
    let wrap = wrap(to, header, key, rng).ok_or(SealError::Agreement)?;
    sealed
        .write_all(&header.to_bytes())
        .and_then(|()| sealed.write_all(&wrap.to_bytes()))
        .map_err(SealError::Write)
}

fn open_header(
    with: &OpeningKey,
    label: &Label,
    sealed: &mut impl Read,
) -> Result<(StreamHeader, Bytes32), OpenError> {
    let header = StreamHeader::read(sealed)?;
    expect_label(&header, label)?;
    let wrap = Wrap::read(sealed)?;
    if wrap.recipient != with.id() {
        return Err(OpenError::NotForThisKey);
    }
    let key = unwrap(with, &header, &wrap).ok_or(OpenError::Wrap)?;
    Ok((header, key))
}

fn expect_label(header: &StreamHeader, label: &Label) -> Result<(), OpenError> {
    if header.purpose != label.purpose {
        return Err(OpenError::Purpose {
            found: header.purpose,
            expected: label.purpose,
        });
    }
    if header.context != label.context {
        return Err(OpenError::Context);
    }
    Ok(())
}

fn wrap(
    to: &Recipient,
    header: &StreamHeader,
    key: &Bytes32,
    rng: &dyn SecureRandom,
) -> Option<Wrap> {
    let agreement = agree(to, rng).ok()?;
    let mut wrap = Wrap {
        suite: to.0.suite(),
        recipient: to.0.id(),
        ephemeral: agreement.ephemeral.clone(),
        key: [0; WRAP_LEN],
    };
    let kek = agreement.wrapping_key(&wrap.recipient, &header.to_bytes());
    let mut sealed = key.clone();
    let tag = aes256gcm(&kek)
        .ok()?
        .seal_in_place_separate_tag(once(), wrap_aad(header, &wrap), sealed.as_mut())
        .ok()?;
    wrap.key = [sealed.as_ref(), tag.as_ref()].concat().try_into().ok()?;
    Some(wrap)
}

fn unwrap(with: &OpeningKey, header: &StreamHeader, wrap: &Wrap) -> Option<Bytes32> {
    let agreement = agree_with(with, &wrap.ephemeral)?;
    let kek = agreement.wrapping_key(&wrap.recipient, &header.to_bytes());
    let mut opened = zeroize::Zeroizing::new(wrap.key);
    aes256gcm(&kek)
        .ok()?
        .open_in_place(once(), wrap_aad(header, wrap), opened.as_mut())
        .ok()?;
    opened.first_chunk().copied().map(Bytes32::new)
}

fn wrap_aad(header: &StreamHeader, wrap: &Wrap) -> Aad<Vec<u8>> {
    Aad::from([header.to_bytes(), wrap.public_part()].concat())
}

/// A wrapping key encrypts one thing once: its nonce can be fixed.
fn once() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}
