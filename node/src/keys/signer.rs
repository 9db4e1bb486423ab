//! The TEE signer: the secp256k1 key that evidence is bound to.

use attestation::sealing::{ArtefactTagsDigest, EnclaveSecret, OpeningKey, TagSignature};
use k256::ecdsa::SigningKey;
use proto::{Address, Signature};
use zeroize::Zeroizing;

/// Signs digests. What may be signed is the [`Guard`](super::Guard)'s affair.
#[derive(Clone)]
pub struct TeeKey(SigningKey);

impl TeeKey {
    /// Of 2^128 secrets about one gives no key at once; then the next name does.
    pub(super) fn derive(secret: &EnclaveSecret) -> Self {
        (0_u8..=u8::MAX)
            .map(|count| secret.derive(&format!("tee signer {count}")))
            .find_map(|seed| SigningKey::from_slice(&*seed).ok())
            .map(Self)
            .expect("256 random numbers in a row are never all outside the group")
    }

    pub fn address(&self) -> Address {
        Address::from_public_key(self.0.verifying_key())
    }

    /// The public key, compressed: what evidence names.
    pub fn public(&self) -> [u8; 33] {
        let point = self.0.verifying_key().to_encoded_point(true);
        let bytes = point.as_bytes().try_into();
        bytes.expect("a compressed point has 33 bytes")
    }

    pub(crate) fn sign(&self, digest: &[u8; 32]) -> Signature {
        Signature::try_from(self.recoverable(digest).as_slice())
            .expect("what this key signs is in the accepted form")
    }

    /// The artefact's tags, as the customer's tools expect them signed.
    pub(crate) fn sign_tags(&self, tags: &ArtefactTagsDigest) -> TagSignature {
        TagSignature(self.recoverable(&tags.0))
    }

    pub(super) fn opener(&self) -> OpeningKey {
        let secret = Zeroizing::new(<[u8; 32]>::from(self.0.to_bytes()));
        OpeningKey::secp256k1(&secret).expect("a signing key opens too")
    }

    /// r, s and 27 or 28.
    fn recoverable(&self, digest: &[u8; 32]) -> [u8; 65] {
        let (signature, recovery) = self
            .0
            .sign_prehash_recoverable(digest)
            .expect("32 bytes can be signed");
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + recovery.to_byte();
        bytes
    }
}

impl std::fmt::Debug for TeeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TeeKey({})", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_signed_recovers_to_the_signer(
            mut secret: [u8; 32],
            digest: [u8; 32],
        ) {
            let key = TeeKey::derive(&EnclaveSecret::take(&mut secret));

            let signer = key.sign(&digest).signer(&digest);

            prop_assert_eq!(signer, Ok(key.address()));
        }
    }
}
