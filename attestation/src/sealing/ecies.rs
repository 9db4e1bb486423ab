//! 0G's key wrap: 129 bytes that `eciesjs` and `ecies-go` open.
//!
//! ```text
//! ephemeral key, uncompressed (65) ‖ nonce (16) ‖ tag (16) ‖ key (32)
//! ```
//!
//! AES-256-GCM with a nonce of 16 bytes, under HKDF-SHA256 of the ephemeral key
//! followed by the shared point, both uncompressed, without salt and info.

use super::cipher::{Bytes32, hkdf};
use super::kem::random_scalar;
use super::key::{ArtefactKey, OpeningKey, Private};
use super::recipient::{PublicKey, Recipient};
use aes_gcm::aead::{AeadInPlace, KeyInit, consts::U16};
use aes_gcm::{AesGcm, aes::Aes256};
use k256::elliptic_curve::sec1::ToEncodedPoint;
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

pub const WRAPPED_KEY_LEN: usize = 129;

/// An artefact's key, readable by one wallet: 0G's `encryptedSecret`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrappedKey(pub [u8; WRAPPED_KEY_LEN]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrapError {
    #[error("0g's key wrap knows secp256k1 alone, and this key is x25519")]
    NotSecp256k1,
    #[error("a wrapped key is 129 bytes, not {0}; none at all means it is not settled yet")]
    Length(usize),
    #[error("the wrapped key's ephemeral point is not on the curve")]
    Point,
    #[error("the wrapped key was made for another wallet, or was altered")]
    NotOurs,
    #[error("the system's random generator failed")]
    Random,
}

/// `ring` takes nonces of 12 bytes only, which is why this one cipher is not its.
type Gcm16 = AesGcm<Aes256, U16>;

pub fn wrap_key(
    to: &Recipient,
    key: &ArtefactKey,
    rng: &dyn SecureRandom,
) -> Result<WrappedKey, WrapError> {
    let ephemeral = random_scalar(rng).map_err(|_broken| WrapError::Random)?;
    let mut nonce = [0; 16];
    rng.fill(&mut nonce).map_err(|_broken| WrapError::Random)?;
    wrap_with(&ephemeral, nonce, to, key)
}

pub fn unwrap_key(with: &OpeningKey, wrapped: &[u8]) -> Result<ArtefactKey, WrapError> {
    let Private::Secp256k1(ours) = &with.0 else {
        return Err(WrapError::NotSecp256k1);
    };
    let whole: &[u8; WRAPPED_KEY_LEN] = wrapped
        .try_into()
        .map_err(|_other| WrapError::Length(wrapped.len()))?;
    let (point, rest) = cut::<65>(whole)?;
    let (nonce, rest) = cut::<16>(rest)?;
    let (tag, sealed) = cut::<16>(rest)?;
    let theirs = k256::PublicKey::from_sec1_bytes(point).map_err(|_off_curve| WrapError::Point)?;
    let mut key = Bytes32::new(*cut::<32>(sealed)?.0);
    Gcm16::new(shared_key(point, ours, &theirs).as_ref().into())
        .decrypt_in_place_detached(nonce.into(), b"", key.as_mut(), tag.into())
        .map_err(|_unauthentic| WrapError::NotOurs)?;
    Ok(ArtefactKey::from_bytes(key))
}

pub(super) fn wrap_with(
    ephemeral: &k256::SecretKey,
    nonce: [u8; 16],
    to: &Recipient,
    key: &ArtefactKey,
) -> Result<WrappedKey, WrapError> {
    let PublicKey::Secp256k1(theirs) = &to.0 else {
        return Err(WrapError::NotSecp256k1);
    };
    let point = ephemeral.public_key().to_encoded_point(false);
    let mut sealed = key.bytes().clone();
    let tag = Gcm16::new(
        shared_key(point.as_bytes(), ephemeral, theirs)
            .as_ref()
            .into(),
    )
    .encrypt_in_place_detached(&nonce.into(), b"", sealed.as_mut())
    .map_err(|_too_long| WrapError::Length(sealed.len()))?;
    let whole = [point.as_bytes(), &nonce, &tag, sealed.as_ref()].concat();
    let len = whole.len();
    whole
        .try_into()
        .map(WrappedKey)
        .map_err(|_never| WrapError::Length(len))
}

pub(super) fn shared_key(
    ephemeral: &[u8],
    ours: &k256::SecretKey,
    theirs: &k256::PublicKey,
) -> Bytes32 {
    let scalar = Zeroizing::new(*ours.to_nonzero_scalar());
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "a group operation has no overflow"
    )]
    let point = (theirs.to_projective() * *scalar).to_affine();
    let mut ikm = Zeroizing::new(Vec::with_capacity(130));
    ikm.extend_from_slice(ephemeral);
    ikm.extend_from_slice(point.to_encoded_point(false).as_bytes());
    hkdf(b"", &ikm, &[])
}

fn cut<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), WrapError> {
    bytes
        .split_first_chunk()
        .ok_or(WrapError::Length(bytes.len()))
}
