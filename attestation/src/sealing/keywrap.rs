//! The key of a result, wrapped for whatever kind of key its order names.
//!
//! A secp256k1 key gets 0G's 129 bytes, which 0G's client opens. An X25519 key, which
//! that format does not know, gets a sealed blob of 32 bytes that is bound to the task.

use super::blob::{Label, open, seal};
use super::cipher::Bytes32;
use super::ecies::{WRAPPED_KEY_LEN, WrapError, unwrap_key, wrap_key};
use super::error::{OpenError, SealError};
use super::header::Purpose;
use super::key::{ArtefactKey, OpeningKey};
use super::recipient::{PublicKey, Recipient};
use proto::TaskId;
use ring::rand::SecureRandom;

#[derive(Debug, thiserror::Error)]
pub enum KeyWrapError {
    #[error("cannot wrap the key as 0g does")]
    ZeroG(#[from] WrapError),
    #[error("cannot seal the key")]
    Seal(#[from] SealError),
    #[error("cannot open the sealed key")]
    Open(#[from] OpenError),
    #[error("what was sealed as a key has {0} bytes")]
    Length(u64),
}

/// Wraps the key of a task's result for the customer.
pub fn wrap_result_key(
    to: &Recipient,
    task: &TaskId,
    key: &ArtefactKey,
    rng: &dyn SecureRandom,
) -> Result<Vec<u8>, KeyWrapError> {
    match &to.0 {
        PublicKey::Secp256k1(_) => Ok(wrap_key(to, key, rng)?.0.to_vec()),
        PublicKey::X25519(_) => {
            let mut wrapped = Vec::new();
            seal(to, &label(task), &key.bytes()[..], &mut wrapped, rng)?;
            Ok(wrapped)
        }
    }
}

/// Unwraps it again, with the key the order named.
pub fn unwrap_result_key(
    with: &OpeningKey,
    task: &TaskId,
    wrapped: &[u8],
) -> Result<ArtefactKey, KeyWrapError> {
    if wrapped.len() == WRAPPED_KEY_LEN {
        return Ok(unwrap_key(with, wrapped)?);
    }
    let mut key = Bytes32::default();
    let len = open(with, &label(task), wrapped, key.as_mut_slice())?;
    if len == 32 {
        Ok(ArtefactKey::from_bytes(key))
    } else {
        Err(KeyWrapError::Length(len))
    }
}

const fn label(task: &TaskId) -> Label {
    Label {
        purpose: Purpose::ResultKey,
        context: task.0,
    }
}
