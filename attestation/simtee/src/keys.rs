//! The simulator's keys: RSA for authorities, P-384 for reports, as AMD has them.

use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

/// A key that cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {0}")]
pub struct KeyError(&'static str);

/// An authority's RSA-4096 key.
pub(crate) struct AuthorityKey(RsaPair);

/// A report key on P-384.
pub(crate) struct ReportKey(EcdsaKeyPair);

impl AuthorityKey {
    pub(crate) fn generate() -> Result<Self, KeyError> {
        let key = RsaPair::generate(KeySize::Rsa4096);
        key.map(Self)
            .map_err(|_cause| KeyError("make an RSA-4096 key"))
    }

    /// The public key, as PKCS #1 writes it.
    pub(crate) fn public(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// RSA-PSS with SHA-384 and a salt of 48 bytes.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        use aws_lc_rs::rand::SystemRandom;
        use aws_lc_rs::signature::RSA_PSS_SHA384;
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PSS_SHA384,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_cause| KeyError("sign a certificate"))?;
        Ok(signature)
    }
}

impl ReportKey {
    pub(crate) fn generate() -> Result<Self, KeyError> {
        let (algorithm, rng) = (&ECDSA_P384_SHA384_FIXED_SIGNING, SystemRandom::new());
        let failed = |_cause| KeyError("make a P-384 key");
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &rng).map_err(failed)?;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &rng);
        key.map(Self).map_err(|_cause| KeyError("make a P-384 key"))
    }

    /// The uncompressed point.
    pub(crate) fn public(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// R and S, big-endian, 48 bytes each.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.0.sign(&SystemRandom::new(), message);
        signature
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_cause| KeyError("sign a report"))
    }
}

/// Fresh random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_cause| KeyError("get random bytes"))?;
    Ok(bytes)
}

impl std::fmt::Debug for AuthorityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthorityKey(..)")
    }
}

impl std::fmt::Debug for ReportKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReportKey(..)")
    }
}
