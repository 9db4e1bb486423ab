//! Whom bytes may be sealed to: someone verified, and nobody else.

use super::kem::{KeyId, key_id};
use super::key::{EnclaveSecret, OpeningKey};
use super::witness::{VerifiedOrder, VerifiedWallet};
use crate::Attested;
use k256::elliptic_curve::sec1::ToEncodedPoint;
use proto::EncryptionKey;

/// A public key that was proven to be its owner's.
///
/// There is no constructor from bytes: one comes out of evidence a verifier
/// accepted, out of an order its customer signed, out of a wallet's signature, or
/// out of a secret of one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient(pub(super) PublicKey);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicKey {
    Secp256k1(k256::PublicKey),
    X25519(x25519_dalek::PublicKey),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecipient {
    #[error("the encryption key is not a point of secp256k1")]
    NotOnTheCurve,
    #[error("the evidence was judged without looking at what it is bound to")]
    NotBound,
}

impl Recipient {
    /// The key the customer put into the order she signed.
    pub fn of_order(order: &VerifiedOrder) -> Result<Self, BadRecipient> {
        PublicKey::try_from(order.encryption_key()).map(Self)
    }

    /// The key of the enclave itself: the signer its report is bound to.
    pub fn of_enclave(attested: &Attested) -> Result<Self, BadRecipient> {
        let bound = attested.bound().ok_or(BadRecipient::NotBound)?;
        k256::PublicKey::from_sec1_bytes(&bound.signer)
            .map(|key| Self(PublicKey::Secp256k1(key)))
            .map_err(|_off_curve| BadRecipient::NotOnTheCurve)
    }

    /// The key of a wallet that signed: 0G's orders name no other.
    pub fn of_wallet(wallet: &VerifiedWallet) -> Self {
        Self(PublicKey::Secp256k1(wallet.public_key()))
    }

    /// The enclave itself, for what it leaves on a disk the host owns.
    pub fn own(enclave: &EnclaveSecret) -> Self {
        Self(OpeningKey::own(enclave).public())
    }
}

impl PublicKey {
    pub(super) fn id(&self) -> KeyId {
        key_id(self.suite(), &self.to_bytes())
    }

    /// The code of the key agreement in a blob's header.
    pub(super) const fn suite(&self) -> u8 {
        match self {
            Self::X25519(_) => 1,
            Self::Secp256k1(_) => 2,
        }
    }

    /// 32 bytes, or a compressed point of 33.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Secp256k1(key) => key.to_encoded_point(true).as_bytes().to_vec(),
            Self::X25519(key) => key.as_bytes().to_vec(),
        }
    }
}

impl TryFrom<&EncryptionKey> for PublicKey {
    type Error = BadRecipient;

    fn try_from(key: &EncryptionKey) -> Result<Self, BadRecipient> {
        match key {
            EncryptionKey::X25519(point) => Ok(Self::X25519((*point).into())),
            EncryptionKey::Secp256k1 { .. } => k256::PublicKey::from_sec1_bytes(&key.to_bytes())
                .map(Self::Secp256k1)
                .map_err(|_off_curve| BadRecipient::NotOnTheCurve),
        }
    }
}
