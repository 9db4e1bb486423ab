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

mod cutter;
mod files;
mod tags;

pub(super) use cutter::Cutter;

use super::key::ArtefactKey;
use alloy_primitives::Address;
use ring::rand::SecureRandom;
use std::io::{self, Read, Seek, Write};

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

/// What a signer vouched for, in a file that nobody has the key of yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedTags {
    pub summary: ArtefactSummary,
    pub signature: TagSignature,
}

/// Checks that `signer` signed the tags of the whole file. It takes no key, so a customer
/// can look before she acknowledges.
pub fn check_artefact(
    signer: Address,
    file: impl Read + Seek,
) -> Result<SignedTags, ArtefactError> {
    Cutter { chunk: CHUNK_LEN }.check(signer, file)
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
