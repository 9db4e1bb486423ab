//! TLS with the attested key: who connects knows whom the evidence speaks of.
//!
//! The certificate is self-signed. A client takes the SHA-256 of its public key and
//! compares it with the boot bundle's, which the hardware vouches for. A caller may
//! show a certificate too: nothing in it is believed but the key it proves to have.

use crate::keys::TlsKey;
use proto::Digest;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ED25519, PublicKeyData};
use ring::digest::{SHA256, digest};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, ring as provider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::TLS13;
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The attested key and the certificate over it.
///
/// The key is Ed25519, as the enclave derives it from its one secret: any 32 bytes are one, its
/// signatures need no randomness, and every TLS 1.3 library of our own programs, Go, OpenSSL and
/// Java takes it. Libraries on `BoringSSL` do not offer it unless told to; those clients cannot
/// check a self-signed certificate against evidence either.
pub struct Identity {
    key: Zeroizing<Vec<u8>>,
    certificate: CertificateDer<'static>,
    spki: Digest,
}

#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("cannot make a TLS key or its certificate")]
    Make(#[source] rcgen::Error),
    #[error("the TLS key cannot be used")]
    Use(#[source] rustls::Error),
}

impl Identity {
    /// A fresh key, for tests: no evidence names it.
    #[cfg(any(test, feature = "fakes"))]
    pub fn generate() -> Result<Self, IdentityError> {
        let key = KeyPair::generate_for(&PKCS_ED25519).map_err(IdentityError::Make)?;
        Self::of(&key)
    }

    /// The enclave's own key, as the evidence names it: nothing is signed for it, and no
    /// second key has to be believed.
    pub fn attested(key: &TlsKey) -> Result<Self, IdentityError> {
        let key = PrivatePkcs8KeyDer::from(key.pkcs8());
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&key, &PKCS_ED25519);
        Self::of(&key.map_err(IdentityError::Make)?)
    }

    fn of(key: &KeyPair) -> Result<Self, IdentityError> {
        let mut params = CertificateParams::new(Vec::new()).map_err(IdentityError::Make)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "sealtune node");
        let certificate = params.self_signed(key).map_err(IdentityError::Make)?;
        Ok(Self {
            key: key.serialize_der().into(),
            certificate: certificate.der().clone(),
            spki: sha256(&key.subject_public_key_info()),
        })
    }

    /// SHA-256 of the key's `SubjectPublicKeyInfo`, as the transcript has it.
    pub fn spki(&self) -> Digest {
        self.spki
    }

    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    pub(super) fn server(&self) -> Result<ServerConfig, IdentityError> {
        let provider = Arc::new(provider::default_provider());
        let key = PrivatePkcs8KeyDer::from(self.key.to_vec());
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&TLS13])
            .and_then(|config| {
                config
                    .with_client_cert_verifier(Arc::new(AnyKey(provider)))
                    .with_single_cert(vec![self.certificate.clone()], key.into())
            });
        let mut config = config.map_err(IdentityError::Use)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // A resumed session would be kept in memory for callers who may never come back.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}

/// SHA-256 of the public key of a certificate, DER.
pub(super) fn key_of(certificate: &CertificateDer<'_>) -> Option<Digest> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    Some(sha256(&certificate.subject_public_key_info()))
}

fn sha256(bytes: &[u8]) -> Digest {
    let hash = digest(&SHA256, bytes);
    Digest(hash.as_ref().try_into().expect("SHA-256 has 32 bytes"))
}

/// Takes any certificate whose key signed the handshake.
#[derive(Debug)]
struct AnyKey(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyKey {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only TLS 1.3 is spoken here".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let schemes = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("spki", &self.spki)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificates_key_is_the_one_the_transcript_names() {
        let identity = Identity::generate().unwrap();

        assert_eq!(key_of(&identity.certificate), Some(identity.spki()));
    }

    #[test]
    fn the_attested_key_is_shown_as_it_is() {
        let key = TlsKey::of(&[7; 32]);

        let identity = Identity::attested(&key).unwrap();

        assert_eq!(identity.spki(), key.spki_digest());
        assert!(identity.server().is_ok());
    }

    #[test]
    fn a_key_is_never_shown() {
        let identity = Identity::generate().unwrap();
        let shown = format!("{identity:?}");

        assert_eq!(
            shown,
            format!("Identity {{ spki: {:?}, .. }}", identity.spki())
        );
    }
}
