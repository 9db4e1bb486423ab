//! A secp256k1 signature in the one form that is accepted, and who made it.

use crate::hexed::hexed;
use alloy_primitives::{U256, uint};
use std::fmt;

/// The order of secp256k1's group, and half of it (SEC 2, section 2.4.1).
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
const HALF_ORDER: U256 =
    uint!(0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0_U256);

/// A recoverable signature. The numbers are in range and s is in the lower half,
/// so for one key and one message nobody else can make a second one from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    r: U256,
    s: U256,
    odd: bool,
}

/// What is wrong with 65 bytes that should be a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    #[error("a signature is 65 bytes, not {0}")]
    Length(usize),
    #[error("a signature's last byte is 0, 1, 27 or 28, not {0}")]
    Recovery(u8),
    #[error("the signature's r or s is zero or not below the group's order")]
    Range,
    #[error("the signature's s is in the upper half; normalise it")]
    HighS,
}

impl Signature {
    /// r, s and 27 or 28.
    pub fn to_bytes(&self) -> [u8; 65] {
        let mut bytes = [0; 65];
        bytes[..32].copy_from_slice(&self.r.to_be_bytes::<32>());
        bytes[32..64].copy_from_slice(&self.s.to_be_bytes::<32>());
        bytes[64] = 27 + u8::from(self.odd);
        bytes
    }

    fn checked(r: U256, s: U256, odd: bool) -> Result<Self, BadSignature> {
        if r.is_zero() || s.is_zero() || r >= ORDER || s >= ORDER {
            return Err(BadSignature::Range);
        }
        if s > HALF_ORDER {
            return Err(BadSignature::HighS);
        }
        Ok(Self { r, s, odd })
    }
}

impl TryFrom<&[u8]> for Signature {
    type Error = BadSignature;

    fn try_from(bytes: &[u8]) -> Result<Self, BadSignature> {
        let bytes: &[u8; 65] = bytes
            .try_into()
            .map_err(|_length| BadSignature::Length(bytes.len()))?;
        let odd = match bytes[64] {
            0 | 27 => false,
            1 | 28 => true,
            other => return Err(BadSignature::Recovery(other)),
        };
        let [r, s] = [&bytes[..32], &bytes[32..64]].map(U256::from_be_slice);
        Self::checked(r, s, odd)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.to_bytes()))
    }
}

hexed!([] Signature);

#[cfg(feature = "signature")]
mod recovery {
    use super::Signature;
    use alloy_primitives::{Address, B256};

    /// No key can have made this signature over this digest.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    #[error("no key can have made this signature")]
    pub struct NoSigner;

    impl Signature {
        /// Who signed the digest. Compare it: every signature has *some* signer.
        pub fn signer(&self, digest: &[u8; 32]) -> Result<Address, NoSigner> {
            alloy_primitives::Signature::new(self.r, self.s, self.odd)
                .recover_address_from_prehash(&B256::from(*digest))
                .map_err(|_no_point| NoSigner)
        }
    }
}

#[cfg(feature = "signature")]
pub use recovery::NoSigner;

/// A compressed secp256k1 public key: 0x02 or 0x03, then 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 33]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a compressed public key is 33 bytes and begins with 2 or 3")]
pub struct BadPublicKey;

impl PublicKey {
    pub const fn to_bytes(self) -> [u8; 33] {
        self.0
    }
}

impl TryFrom<&[u8]> for PublicKey {
    type Error = BadPublicKey;

    fn try_from(bytes: &[u8]) -> Result<Self, BadPublicKey> {
        match <[u8; 33]>::try_from(bytes) {
            Ok(bytes) if matches!(bytes[0], 2 | 3) => Ok(Self(bytes)),
            Ok(_) | Err(_) => Err(BadPublicKey),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

hexed!([] PublicKey);
