//! The devices of a machine: each asked with its own nonce, all hashed into the
//! CPU's report.

use super::chain::{NVIDIA, Roots};
use super::judge::{Evidence, Policy, Proven, judge_under};
use super::{Claims, Kind};
use crate::{Attested, Findings, Group, Reason, Transcript, TrustDomain};
use proto::{Digest, Tier};
use ring::digest::{Context, SHA256};

const LABEL: &[u8] = b"sealtune/devices/v1";

/// What the node presents of one device, in the order of enumeration.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    pub report: &'a [u8],
    pub chain: &'a str,
}

/// A machine whose CPU and devices are all proven, and hang together as far as
/// evidence can say: see [`super::CAVEAT`].
#[derive(Clone, Debug)]
pub struct AttestedDevices {
    cpu: Attested,
    devices: Vec<Proven>,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum NotAttested {
    #[error("the CPU's evidence was judged without looking at what it is bound to")]
    NotBound,
    #[error("the devices' evidence is refused")]
    Refused(Findings),
}

impl AttestedDevices {
    pub const fn cpu(&self) -> &Attested {
        &self.cpu
    }

    pub fn devices(&self) -> impl Iterator<Item = &Claims> {
        self.devices.iter().map(Proven::claims)
    }

    /// The tier an order may ask for: CPU and GPU only where there is a GPU among the
    /// devices, and hardware under all of it.
    pub fn tier(&self) -> Tier {
        let gpu = self.devices().any(|device| device.kind == Kind::Gpu);
        match self.cpu.domain() {
            TrustDomain::Hardware(_) if gpu => Tier::CpuAndGpu,
            TrustDomain::Hardware(_) | TrustDomain::Development(_) => self.cpu.tier(),
        }
    }
}

/// Judges the devices of a machine whose CPU is attested: all that were hashed into
/// its report, no more and no fewer, each asked with the nonce that hangs on the
/// CPU's challenge. `rims` are the verifier's own files; each device takes those for
/// the versions it runs.
pub fn attest_devices(
    cpu: Attested,
    presented: &[Presented<'_>],
    rims: &[super::Rim],
    policy: Policy,
) -> Result<AttestedDevices, NotAttested> {
    attest_under(NVIDIA, cpu, presented, rims, policy)
}

pub(crate) fn attest_under(
    roots: Roots<'_>,
    cpu: Attested,
    presented: &[Presented<'_>],
    rims: &[super::Rim],
    policy: Policy,
) -> Result<AttestedDevices, NotAttested> {
    let bound = cpu.bound().ok_or(NotAttested::NotBound)?;
    let mut findings = Findings::default();
    expect_digest(bound, presented, &mut findings);
    let mut devices = Vec::new();
    for (index, device) in (0_u32..).zip(presented) {
        let nonce = Transcript::gpu_nonce(bound.purpose, &bound.nonce, &bound.boot_id, index);
        let evidence = Evidence {
            report: device.report,
            chain: device.chain,
            rims,
        };
        let judged = judge_under(roots, &evidence, &nonce, policy, cpu.judgement().at);
        match judged.proven() {
            Ok(proven) => devices.push(proven),
            Err(refused) => findings.extend(refused),
        }
    }
    if findings.is_empty() {
        Ok(AttestedDevices { cpu, devices })
    } else {
        Err(NotAttested::Refused(findings))
    }
}

fn expect_digest(bound: &Transcript, presented: &[Presented<'_>], findings: &mut Findings) {
    let found = devices_digest(presented);
    if found != bound.devices {
        let expected = format!("the devices of the CPU's report, {}", bound.devices);
        let found = format!("{} devices, {found}", presented.len());
        findings.note(Group::Consistency, Reason::ReportData, expected, found);
    }
}

/// What a transcript's `devices` is: SHA-256 over a label, the number of devices, and
/// each one's report and chain after their lengths; zero where there are none.
pub fn devices_digest(presented: &[Presented<'_>]) -> Digest {
    if presented.is_empty() {
        return Digest::default();
    }
    let mut hash = Context::new(&SHA256);
    hash.update(LABEL);
    hash.update(&length(presented.len()));
    for device in presented {
        for part in [device.report, device.chain.as_bytes()] {
            hash.update(&length(part.len()));
            hash.update(part);
        }
    }
    let mut digest = Digest::default();
    for (to, from) in digest.0.iter_mut().zip(hash.finish().as_ref()) {
        *to = *from;
    }
    digest
}

fn length(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes()
}
