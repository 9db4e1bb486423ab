//! The key agreement of sealed blobs: an ephemeral key against the recipient's.

use super::cipher::{Bytes32, hkdf};
use super::key::{OpeningKey, Private};
use super::recipient::{PublicKey, Recipient};
use k256::ecdh::diffie_hellman;
use ring::digest::{SHA256, digest};
use ring::error::Unspecified;
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

/// Names a public key without being one, so that "not sealed to me" is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyId(pub(super) [u8; 32]);

/// One side's view of an agreement.
pub(super) struct Agreement {
    pub(super) ephemeral: Vec<u8>,
    shared: Bytes32,
}

impl Agreement {
    /// The key that wraps the data key. Everything public about the blob goes in.
    pub(super) fn wrapping_key(&self, recipient: &KeyId, stream_header: &[u8]) -> Bytes32 {
        let info: [&[u8]; 4] = [
            b"sealtune wrap v1",
            &recipient.0,
            &self.ephemeral,
            stream_header,
        ];
        hkdf(b"", self.shared.as_ref(), &info)
    }
}

pub(super) fn key_id(suite: u8, public: &[u8]) -> KeyId {
    let named = [b"sealtune key id v1", &[suite][..], public].concat();
    let mut id = [0; 32];
    for (to, from) in id.iter_mut().zip(digest(&SHA256, &named).as_ref()) {
        *to = *from;
    }
    KeyId(id)
}

/// How many bytes the ephemeral key of a suite takes.
pub(super) const fn ephemeral_len(suite: u8) -> Option<usize> {
    match suite {
        1 => Some(32),
        2 => Some(33),
        _ => None,
    }
}

pub(super) fn agree(to: &Recipient, rng: &dyn SecureRandom) -> Result<Agreement, Unspecified> {
    match &to.0 {
        PublicKey::X25519(theirs) => {
            let ours = x25519_dalek::StaticSecret::from(*random32(rng)?);
            let ephemeral = x25519_dalek::PublicKey::from(&ours).as_bytes().to_vec();
            contributory(ephemeral, &ours.diffie_hellman(theirs))
        }
        PublicKey::Secp256k1(theirs) => {
            let ours = random_scalar(rng)?;
            let ephemeral = PublicKey::Secp256k1(ours.public_key()).to_bytes();
            Ok(secp256k1(ephemeral, &ours, theirs))
        }
    }
}

/// The recipient's side; `None` where the ephemeral key is not a usable point.
pub(super) fn agree_with(key: &OpeningKey, ephemeral: &[u8]) -> Option<Agreement> {
    match &key.0 {
        Private::X25519(ours) => {
            let theirs: [u8; 32] = ephemeral.try_into().ok()?;
            contributory(ephemeral.to_vec(), &ours.diffie_hellman(&theirs.into())).ok()
        }
        Private::Secp256k1(ours) => {
            let theirs = k256::PublicKey::from_sec1_bytes(ephemeral).ok()?;
            Some(secp256k1(ephemeral.to_vec(), ours, &theirs))
        }
    }
}

/// Refuses the points of small order, with which everybody agrees on zero.
fn contributory(
    ephemeral: Vec<u8>,
    shared: &x25519_dalek::SharedSecret,
) -> Result<Agreement, Unspecified> {
    if !shared.was_contributory() {
        return Err(Unspecified);
    }
    let shared = Zeroizing::new(shared.to_bytes());
    Ok(Agreement { ephemeral, shared })
}

fn secp256k1(ephemeral: Vec<u8>, ours: &k256::SecretKey, theirs: &k256::PublicKey) -> Agreement {
    let point = diffie_hellman(ours.to_nonzero_scalar(), theirs.as_affine());
    let shared = Zeroizing::new((*point.raw_secret_bytes()).into());
    Agreement { ephemeral, shared }
}

pub(super) fn random32(rng: &dyn SecureRandom) -> Result<Bytes32, Unspecified> {
    let mut bytes = Bytes32::default();
    rng.fill(bytes.as_mut())?;
    Ok(bytes)
}

/// All but one in 2^128 draws are scalars; a generator that fails twice is broken.
pub(super) fn random_scalar(rng: &dyn SecureRandom) -> Result<k256::SecretKey, Unspecified> {
    k256::SecretKey::from_slice(random32(rng)?.as_ref())
        .or_else(|_out_of_range| {
            let again = random32(rng).map_err(|_broken| k256::elliptic_curve::Error)?;
            k256::SecretKey::from_slice(again.as_ref())
        })
        .map_err(|_broken| Unspecified)
}
