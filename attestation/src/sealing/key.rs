//! Secret keys: no Debug, no Serialize, zeroed when dropped.

use super::cipher::{Bytes32, hkdf};
use super::kem::KeyId;
use super::recipient::PublicKey;
use proto::{EncryptionKey, TaskId};
use zeroize::{Zeroize, Zeroizing};

/// The root secret of one enclave: what the hardware derives for this image on
/// this chip, or what was made at first boot. The same after a restart, and
/// after the host has put back an older disk.
#[expect(missing_debug_implementations, reason = "a secret is never printed")]
pub struct EnclaveSecret(Bytes32);

/// The key of one task's result artefact.
#[expect(missing_debug_implementations, reason = "a secret is never printed")]
pub struct ArtefactKey(Bytes32);

/// A private key that opens what was sealed to its [`Recipient`](super::Recipient).
#[expect(missing_debug_implementations, reason = "a secret is never printed")]
pub struct OpeningKey(pub(super) Private);

pub(super) enum Private {
    Secp256k1(k256::SecretKey),
    X25519(x25519_dalek::StaticSecret),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secp256k1 secret is 32 bytes, not zero and below the order of the curve")]
pub struct BadSecret;

impl EnclaveSecret {
    /// Takes the bytes and zeroes the caller's copy.
    pub fn take(bytes: &mut [u8; 32]) -> Self {
        let secret = Self(Bytes32::new(*bytes));
        bytes.zeroize();
        secret
    }

    /// A key for one named use. Two names never share a key, and none of them
    /// tells anything about this secret.
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        hkdf(b"sealtune enclave v1", self.0.as_ref(), &[label.as_bytes()])
    }
}

impl ArtefactKey {
    /// The key of a task's result. A function of the enclave and the task alone,
    /// so that the key of anything ever delivered can be had again, whatever
    /// became of the disk. What makes two sealings under it safe is that each
    /// draws a fresh nonce.
    pub fn derive(enclave: &EnclaveSecret, task: &TaskId) -> Self {
        Self(hkdf(
            b"sealtune artefact key v1",
            enclave.0.as_ref(),
            &[&task.0],
        ))
    }

    pub(super) const fn from_bytes(bytes: Bytes32) -> Self {
        Self(bytes)
    }

    pub(super) const fn bytes(&self) -> &Bytes32 {
        &self.0
    }
}

impl OpeningKey {
    /// The key behind a wallet, or behind an enclave's signer.
    pub fn secp256k1(secret: &[u8; 32]) -> Result<Self, BadSecret> {
        k256::SecretKey::from_slice(secret)
            .map(|key| Self(Private::Secp256k1(key)))
            .map_err(|_out_of_range| BadSecret)
    }

    pub fn x25519(secret: &[u8; 32]) -> Self {
        Self(Private::X25519((*secret).into()))
    }

    /// A customer's key, from the secret of her wallet: it is kept nowhere, and there
    /// again whenever the wallet is.
    pub fn of_wallet(secret: &[u8; 32]) -> (Self, EncryptionKey) {
        let secret = hkdf(b"sealtune customer v1", secret, &[b"encryption key"]);
        Self::x25519_pair(&secret)
    }

    /// The key that opens, and the one an order names.
    pub fn x25519_pair(secret: &[u8; 32]) -> (Self, EncryptionKey) {
        let secret = x25519_dalek::StaticSecret::from(*secret);
        let public = x25519_dalek::PublicKey::from(&secret);
        let named = EncryptionKey::X25519(public.to_bytes());
        (Self(Private::X25519(secret)), named)
    }

    /// What the enclave sealed to itself: see [`Recipient::own`](super::Recipient::own).
    pub fn own(enclave: &EnclaveSecret) -> Self {
        Self::x25519(&enclave.derive("at rest"))
    }

    pub(super) fn public(&self) -> PublicKey {
        match &self.0 {
            Private::Secp256k1(key) => PublicKey::Secp256k1(key.public_key()),
            Private::X25519(key) => PublicKey::X25519(key.into()),
        }
    }

    pub(super) fn id(&self) -> KeyId {
        self.public().id()
    }
}
