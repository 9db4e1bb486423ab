//! Makes evidence: reports over what this node is, with their certificates, as bundles.

use super::certificates::{CertificateError, Certificates};
use crate::ports::Clock;
use attestation::bundle::{BadBundle, Parts};
use attestation::device::{DeskError, DeskHandle, REPORT_PATIENCE, RawReport};
use attestation::{At, Bundle, Purpose, Transcript};
use proto::{BootId, ChallengeNonce, Digest};
use std::path::PathBuf;
use std::sync::Arc;

/// What every report of this boot is bound to.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Compressed.
    pub signer: [u8; 33],
    pub tls_key: Digest,
    pub config: Digest,
    pub boot_id: BootId,
}

/// Asks the device and puts bundles together. Its calls block, up to a minute and a half.
#[derive(Clone)]
pub struct Witness {
    desk: DeskHandle,
    about: About,
    key_server: Option<String>,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    #[error("cannot get a report from the device")]
    Device(#[from] DeskError),
    #[error("cannot get the certificates of the device")]
    Certificates(#[from] CertificateError),
    #[error("what the device gave is no bundle")]
    Bundle(#[from] BadBundle),
    #[error("tdx quotes are not made into bundles by this version")]
    Tdx,
}

impl Witness {
    pub fn new(
        desk: DeskHandle,
        about: About,
        key_server: Option<String>,
        folder: PathBuf,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            desk,
            about,
            key_server,
            folder,
            clock,
        }
    }

    pub const fn about(&self) -> &About {
        &self.about
    }

    /// The certificate of this boot.
    pub fn boot(&self) -> Result<Bundle, EvidenceError> {
        self.bundle(Purpose::Boot, [0; 32])
    }

    /// Proof that the machine is there now.
    pub fn challenge(&self, nonce: ChallengeNonce) -> Result<Bundle, EvidenceError> {
        self.bundle(Purpose::Challenge, nonce.0)
    }

    /// What a TLS certificate carries.
    pub fn ratls(&self, nonce: ChallengeNonce) -> Result<Bundle, EvidenceError> {
        self.bundle(Purpose::Ratls, nonce.0)
    }

    fn bundle(&self, purpose: Purpose, nonce: [u8; 32]) -> Result<Bundle, EvidenceError> {
        let transcript = self.transcript(purpose, nonce);
        let raw = self
            .desk
            .report(transcript.report_data(), REPORT_PATIENCE)?;
        let RawReport::Snp { report, table } = raw else {
            return Err(EvidenceError::Tdx);
        };
        let server = self.key_server.as_deref();
        let now = At(self.clock.now());
        let certificates = Certificates::of(&report, &table, server, &self.folder, now)?;
        let parts = Parts {
            report,
            kind: certificates.kind,
            vek: certificates.vek,
            issuer: certificates.issuer,
            ark: certificates.ark,
            crl: certificates.crl,
            transcript: Some(transcript),
            devices: Vec::new(),
        };
        Ok(Bundle::build(&parts)?)
    }

    fn transcript(&self, purpose: Purpose, nonce: [u8; 32]) -> Transcript {
        Transcript {
            purpose,
            nonce,
            signer: self.about.signer,
            tls_key: self.about.tls_key,
            devices: Digest::default(),
            config: self.about.config,
            boot_id: self.about.boot_id.0,
        }
    }
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Witness")
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}
