//! The sealed form of a row, and the chain that binds each to the one before.
//!
//! ```text
//! head  version 1 │ salt 32 │ nonce 12 │ tag 16
//! row   version 1 │ nonce 12 │ AES-256-GCM(task 32 │ event) │ tag 16
//! ```
//!
//! A row's associated data is its number and the tag before it; the first row's
//! is the head's. The key is HKDF-SHA256 of the enclave's secret and the salt.

use super::{JournalError, JournalKey};
use proto::TaskId;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};
use ring::rand::{SecureRandom, SystemRandom};
use tasks::Event;

const VERSION: u8 = 1;
const TAG_LEN: usize = 16;
const SALT_LEN: usize = 32;
const TASK_LEN: usize = 32;

type Tag = [u8; TAG_LEN];

/// What every row hangs on: made once, when the journal begins.
#[derive(Clone, Debug)]
pub(super) struct Head {
    salt: [u8; SALT_LEN],
    nonce: [u8; NONCE_LEN],
    tag: Tag,
}

/// The tag of the last row, and the key to add or check the next.
#[derive(Clone)]
pub(super) struct Chain {
    key: std::sync::Arc<LessSafeKey>,
    last: Tag,
    rng: SystemRandom,
}

impl Head {
    pub(super) fn fresh(key: &JournalKey) -> Result<Self, JournalError> {
        let rng = SystemRandom::new();
        let (mut salt, mut nonce) = ([0; SALT_LEN], [0; NONCE_LEN]);
        rng.fill(&mut salt)
            .map_err(|_unspecified| JournalError::Random)?;
        rng.fill(&mut nonce)
            .map_err(|_unspecified| JournalError::Random)?;
        let tag = proof(&key.derive(&salt), nonce);
        Ok(Self { salt, nonce, tag })
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, JournalError> {
        let (&version, rest) = bytes.split_first().ok_or(JournalError::NoHead)?;
        if version != VERSION {
            return Err(JournalError::Version { found: version });
        }
        let (salt, rest) = rest.split_first_chunk().ok_or(JournalError::NoHead)?;
        let (nonce, rest) = rest.split_first_chunk().ok_or(JournalError::NoHead)?;
        let tag = rest.try_into().map_err(|_length| JournalError::NoHead)?;
        Ok(Self {
            salt: *salt,
            nonce: *nonce,
            tag,
        })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [&[VERSION][..], &self.salt, &self.nonce, &self.tag].concat()
    }
}

impl Chain {
    /// The chain before its first row; refuses a key that did not make the head.
    pub(super) fn after(head: &Head, key: &JournalKey) -> Result<Self, JournalError> {
        let key = key.derive(&head.salt);
        if proof(&key, head.nonce) != head.tag {
            return Err(JournalError::WrongKey);
        }
        Ok(Self {
            key: key.into(),
            last: head.tag,
            rng: SystemRandom::new(),
        })
    }

    /// This chain, back before its first row.
    pub(super) fn at_head(&self, head: &Head) -> Self {
        Self {
            last: head.tag,
            ..self.clone()
        }
    }

    /// This chain, back after the row before `index`.
    pub(super) fn at_row(&self, index: u64, before: &[u8]) -> Result<Self, JournalError> {
        let changed = JournalError::Changed { row: index };
        let last = *before.last_chunk().ok_or(changed)?;
        Ok(Self {
            last,
            ..self.clone()
        })
    }

    pub(super) fn seal(
        &mut self,
        index: u64,
        task: TaskId,
        event: &Event,
    ) -> Result<Vec<u8>, JournalError> {
        let mut nonce = [0; NONCE_LEN];
        self.rng
            .fill(&mut nonce)
            .map_err(|_unspecified| JournalError::Random)?;
        let mut body = postcard::to_extend(event, task.0.to_vec())
            .expect("an event has no length that is unknown");
        let tag = self
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                self.bound_to(index),
                &mut body,
            )
            .expect("a row is far below the cipher's limit");
        self.last = tag.as_ref().try_into().expect("a GCM tag has 16 bytes");
        Ok([&[VERSION][..], &nonce, &body, tag.as_ref()].concat())
    }

    pub(super) fn open(&mut self, index: u64, row: &[u8]) -> Result<(TaskId, Event), JournalError> {
        let changed = || JournalError::Changed { row: index };
        let (&version, rest) = row.split_first().ok_or_else(changed)?;
        if version != VERSION {
            return Err(JournalError::Version { found: version });
        }
        let (nonce, sealed) = rest.split_first_chunk().ok_or_else(changed)?;
        let tag = *sealed.last_chunk().ok_or_else(changed)?;
        let mut body = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let body = self
            .key
            .open_in_place(nonce, self.bound_to(index), &mut body)
            .map_err(|_unspecified| changed())?;
        self.last = tag;
        let (task, event) = body.split_first_chunk::<TASK_LEN>().ok_or_else(changed)?;
        let event = postcard::from_bytes(event)
            .map_err(|source| JournalError::Unreadable { row: index, source })?;
        Ok((TaskId(*task), event))
    }

    fn bound_to(&self, index: u64) -> Aad<[u8; 1 + 8 + TAG_LEN]> {
        let mut bound = [VERSION; 1 + 8 + TAG_LEN];
        bound[1..9].copy_from_slice(&index.to_be_bytes());
        bound[9..].copy_from_slice(&self.last);
        Aad::from(bound)
    }
}

/// A tag over nothing: only the holder of the key can make it.
fn proof(key: &LessSafeKey, nonce: [u8; NONCE_LEN]) -> Tag {
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(b"sealtune journal head"),
            &mut [],
        )
        .expect("nothing is far below the cipher's limit");
    tag.as_ref().try_into().expect("a GCM tag has 16 bytes")
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").finish_non_exhaustive()
    }
}

pub(super) fn aead_key(bytes: &[u8; 32]) -> LessSafeKey {
    let key = ring::aead::UnboundKey::new(&AES_256_GCM, bytes);
    LessSafeKey::new(key.expect("an AES-256 key has 32 bytes"))
}
