//! The broker's own look at a node's evidence, by the policy its operator wrote.

use attestation::gpu::{self, NotAttested, Presented, Rim, attest_devices};
use attestation::{
    At, Attested, Binding, Cpu, Evidence, Policy, Purpose, Transcript, TrustDomain, TrustRoots,
    Vendor, Verdict, snp, tdx, verify,
};
use proto::attestation::{self as shown, BootBundle, CpuEvidence};
use proto::broker::Judgement;
use proto::{Address, ChallengeNonce, Digest, PublicKey, Seconds, Text, Tier};
use std::fmt::Debug;

/// Who says what a node's evidence is worth. Takes milliseconds and is called off the runtime.
pub trait Judges: Debug + Send + Sync {
    /// Judges what a node shows of itself at its boot.
    fn boot(&self, bundle: &BootBundle, now: Seconds) -> Result<Judgement, Disbelieved>;

    /// Judges an answer to a nonce of ours, of the machine that showed this bundle.
    fn challenge(
        &self,
        evidence: &shown::Evidence,
        bundle: &BootBundle,
        nonce: ChallengeNonce,
        now: Seconds,
    ) -> Result<Judgement, Disbelieved>;
}

/// Judges evidence by a policy; what it finds holds for a while.
#[derive(Debug)]
pub struct Judge {
    policy: Policy,
    hash: Digest,
    roots: TrustRoots,
    good_secs: Seconds,
}

/// Why a node is not believed, in words for its operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disbelieved {
    #[error("the transcript cannot be read")]
    Transcript,
    #[error("the collateral cannot be read")]
    Collateral,
    #[error("the evidence is refused: {0}")]
    Refused(String),
    #[error("the evidence is bound to nothing")]
    Unbound,
    #[error("the evidence is of another {0} than the node shows")]
    Other(&'static str),
}

impl Judges for Judge {
    fn boot(&self, bundle: &BootBundle, now: Seconds) -> Result<Judgement, Disbelieved> {
        let purposes = [Purpose::Boot].into();
        let binding = Binding::Transcript {
            purposes,
            nonce: None,
        };
        self.judge(&bundle.evidence, bundle, binding, now)
    }

    fn challenge(
        &self,
        evidence: &shown::Evidence,
        bundle: &BootBundle,
        nonce: ChallengeNonce,
        now: Seconds,
    ) -> Result<Judgement, Disbelieved> {
        let purposes = [Purpose::Challenge].into();
        let nonce = Some(nonce.0);
        self.judge(
            evidence,
            bundle,
            Binding::Transcript { purposes, nonce },
            now,
        )
    }
}

impl Judge {
    pub fn new(policy: Policy, roots: TrustRoots, good_secs: Seconds) -> Self {
        let hash = policy.hash();
        Self {
            policy,
            hash,
            roots,
            good_secs,
        }
    }

    fn judge(
        &self,
        shown: &shown::Evidence,
        bundle: &BootBundle,
        binding: Binding,
        now: Seconds,
    ) -> Result<Judgement, Disbelieved> {
        let policy = Policy {
            binding,
            ..self.policy.clone()
        };
        let cpu = self.cpu(shown, &policy, now)?;
        is_of(cpu.bound().ok_or(Disbelieved::Unbound)?, bundle)?;
        let domain = domain(cpu.domain());
        let tier = tier(cpu, shown)?;
        Ok(Judgement {
            tier,
            trust_domain: Text::fitted(&domain),
            policy: self.hash,
            judged_at: now,
            good_until: now.saturating_add(self.good_secs),
        })
    }

    fn cpu(
        &self,
        shown: &shown::Evidence,
        policy: &Policy,
        now: Seconds,
    ) -> Result<Attested, Disbelieved> {
        let transcript = Transcript::from_bytes(&shown.transcript);
        let transcript = Some(transcript.map_err(|_bytes| Disbelieved::Transcript)?);
        let verdict = match &shown.cpu {
            CpuEvidence::Snp(snp) => {
                let cpu = Cpu::Snp(snp_evidence(snp));
                verify(&Evidence { cpu, transcript }, policy, &self.roots, At(now))
            }
            CpuEvidence::Tdx(tdx) => {
                let collateral = collateral(&tdx.collateral)?;
                let cpu = Cpu::Tdx(tdx::Evidence {
                    quote: &tdx.quote,
                    collateral: collateral.as_ref(),
                });
                verify(&Evidence { cpu, transcript }, policy, &self.roots, At(now))
            }
        };
        accepted(verdict)
    }
}

/// The address that belongs to a signer's key.
pub fn address_of(signer: PublicKey) -> Option<Address> {
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(&signer.to_bytes()).ok()?;
    Some(Address::from_public_key(&key))
}

fn snp_evidence(shown: &shown::SnpEvidence) -> snp::Evidence<'_> {
    let some = |bytes: &'_ [u8]| (!bytes.is_empty()).then_some(());
    snp::Evidence {
        report: &shown.report,
        vek: &shown.vek,
        issuer: some(&shown.ask).map(|()| &*shown.ask),
        ark: some(&shown.ark).map(|()| &*shown.ark),
        crl: some(&shown.crl).map(|()| &*shown.crl),
    }
}

fn collateral(json: &[u8]) -> Result<Option<tdx::Collateral>, Disbelieved> {
    if json.is_empty() {
        return Ok(None);
    }
    let read = tdx::Collateral::from_json(json);
    read.map(Some).map_err(|_json| Disbelieved::Collateral)
}

fn accepted(verdict: Verdict) -> Result<Attested, Disbelieved> {
    verdict.attested().map_err(|rejection| {
        let findings = rejection.findings.iter().map(ToString::to_string);
        Disbelieved::Refused(findings.collect::<Vec<_>>().join("; "))
    })
}

fn is_of(bound: &Transcript, bundle: &BootBundle) -> Result<(), Disbelieved> {
    let same = [
        (bound.signer == bundle.signer.to_bytes(), "signer"),
        (bound.tls_key == bundle.tls_spki, "tls key"),
        (bound.config == bundle.config, "configuration"),
        (bound.boot_id == bundle.boot_id.0, "boot"),
    ];
    let other = same.into_iter().find(|(same, _)| !same);
    other.map_or(Ok(()), |(_, what)| Err(Disbelieved::Other(what)))
}

/// Devices count where the machine's report vouches for them and their evidence holds.
fn tier(cpu: Attested, shown: &shown::Evidence) -> Result<Tier, Disbelieved> {
    if shown.gpus.is_empty() {
        return Ok(cpu.tier());
    }
    let alone = cpu.tier();
    let chains = shown
        .gpus
        .iter()
        .map(|gpu| std::str::from_utf8(&gpu.certificates));
    let chains = chains.collect::<Result<Vec<_>, _>>();
    let chains = chains.map_err(|_utf8| Disbelieved::Refused("a certificate is no PEM".into()))?;
    let presented: Vec<_> = shown
        .gpus
        .iter()
        .zip(chains)
        .map(|(gpu, chain)| Presented {
            report: &gpu.measurements,
            chain,
        })
        .collect();
    let rims: Vec<_> = shown
        .rims
        .iter()
        .filter_map(|rim| Rim::parse(rim).ok())
        .collect();
    match attest_devices(cpu, &presented, &rims, DEVICES) {
        Ok(devices) => Ok(devices.tier()),
        Err(NotAttested::NotBound) => Ok(alone),
        Err(NotAttested::Refused(findings)) => {
            let findings = findings.iter().map(ToString::to_string);
            Err(Disbelieved::Refused(
                findings.collect::<Vec<_>>().join("; "),
            ))
        }
    }
}

/// Driver and VBIOS as NVIDIA published them, by manifests its key signed.
const DEVICES: gpu::Policy = gpu::Policy {
    rims_required: true,
    ignore_other_rims: true,
    rim_dates: gpu::RimDates::Strict,
};

fn domain(domain: TrustDomain) -> String {
    match domain {
        TrustDomain::Hardware(Vendor::Amd) => "amd".to_owned(),
        TrustDomain::Hardware(Vendor::Intel) => "intel".to_owned(),
        TrustDomain::Development(root) => root.to_string(),
    }
}
