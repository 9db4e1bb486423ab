//! The node's TLS key: Ed25519, bound into the evidence by its public half.

use proto::Digest;
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

/// `PrivateKeyInfo` of an Ed25519 key up to its 32 bytes (RFC 8410, section 7).
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// `SubjectPublicKeyInfo` of one up to its 32 bytes (RFC 8410, section 4).
const SPKI_HEAD: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// A private key, in the form TLS libraries take it; zeroed when dropped, never shown.
pub struct TlsKey {
    pkcs8: Zeroizing<Vec<u8>>,
    spki: Vec<u8>,
}

impl TlsKey {
    pub(crate) fn of(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed has 32 bytes");
        Self {
            pkcs8: Zeroizing::new([PKCS8_HEAD.as_slice(), seed].concat()),
            spki: [SPKI_HEAD.as_slice(), pair.public_key().as_ref()].concat(),
        }
    }

    /// PKCS #8, in DER.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The `SubjectPublicKeyInfo`, in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// What the evidence names: SHA-256 of the `SubjectPublicKeyInfo`.
    pub fn spki_digest(&self) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, &self.spki).as_ref());
        Digest(bytes)
    }
}

impl std::fmt::Debug for TlsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TlsKey({})", self.spki_digest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_form_holds_the_key_whose_public_form_is_named() {
        let key = TlsKey::of(&[3; 32]);

        let read = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.pkcs8()).unwrap();

        assert!(key.spki().ends_with(read.public_key().as_ref()));
        assert_eq!(key.spki().len(), 44);
    }
}
