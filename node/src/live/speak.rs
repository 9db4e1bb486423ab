//! The enclave's voice: the evidence of this boot, and fresh proof for who asks.

use super::Evidence;
use crate::api::{Attestor, Unavailable};
use crate::breaker::{Cause, Gate};
use crate::evidence::EvidenceError;
use crate::keys::Identity;
use async_trait::async_trait;
use attestation::Bundle;
use attestation::bundle::BadBundle;
use attestation::device::DeskError;
use proto::attestation::{BootBundle, Evidence as Wire, liveness_digest};
use proto::{BootId, ChallengeNonce, PublicKey, Signature};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tracing::warn;

/// Speaks with the key that the evidence names.
#[derive(Debug)]
pub struct Speaker {
    evidence: Evidence,
    boot: BootBundle,
    identity: Arc<Identity>,
    gate: Gate,
}

impl Speaker {
    /// The boot's bundle is put into its form on the wire once.
    pub fn new(evidence: Evidence, identity: Arc<Identity>, gate: Gate) -> Result<Self, BadBundle> {
        let about = *evidence.witness.about();
        let boot = BootBundle {
            evidence: evidence.bundle.to_wire()?,
            signer: PublicKey::try_from(about.signer.as_slice())
                .expect("the signer's key is a compressed point"),
            tls_spki: about.tls_key,
            config: about.config,
            boot_id: about.boot_id,
        };
        Ok(Self {
            evidence,
            boot,
            identity,
            gate,
        })
    }

    /// Asks the device, and lets the breaker know whether it answers.
    pub(super) async fn ask(&self, nonce: ChallengeNonce) -> Result<Bundle, Unavailable> {
        let witness = self.evidence.witness.clone();
        let asked = spawn_blocking(move || witness.challenge(nonce)).await;
        let asked = asked.map_err(|_lost| Unavailable::NotReady)?;
        self.gate.observe(Cause::DeviceBusy, asked.is_ok());
        asked.map_err(|error| {
            warn!(code = "N-ATT-001", %error, "the device gave no evidence");
            unavailable(&error)
        })
    }
}

#[async_trait]
impl Attestor for Speaker {
    fn bundle(&self) -> Option<BootBundle> {
        Some(self.boot.clone())
    }

    fn archive(&self) -> Option<Vec<u8>> {
        Some(self.evidence.bundle.to_archive())
    }

    async fn challenge(&self, nonce: ChallengeNonce) -> Result<Wire, Unavailable> {
        let bundle = self.ask(nonce).await?;
        bundle.to_wire().map_err(|error| {
            warn!(code = "N-ATT-002", %error, "the evidence does not fit the wire");
            Unavailable::NotReady
        })
    }

    fn liveness(&self, nonce: ChallengeNonce) -> Result<(BootId, Signature), Unavailable> {
        let boot_id = self.boot.boot_id;
        let digest = liveness_digest(boot_id, nonce);
        Ok((boot_id, self.identity.signer().sign(&digest)))
    }
}

fn unavailable(error: &EvidenceError) -> Unavailable {
    match error {
        EvidenceError::Device(DeskError::Busy | DeskError::Patience | DeskError::Source(_)) => {
            Unavailable::DeviceBusy
        }
        EvidenceError::Device(DeskError::Closed)
        | EvidenceError::Certificates(_)
        | EvidenceError::Bundle(_)
        | EvidenceError::Tdx => Unavailable::NotReady,
    }
}
