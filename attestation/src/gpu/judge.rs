//! The judgement of one device's evidence.

use super::chain::{NVIDIA, Roots, fwid};
use super::claims::Claims;
use super::compare::{compare, expect_no_conflict};
use super::rim::Rim;
use super::spdm::Report;
use crate::x509::chain::{Expired, Rules, walk};
use crate::x509::{Cert, P384, certificates};
use crate::{At, Findings, Group, Reason};

const DEVICE_CHAIN_LEN: usize = 5;
const RIM_CHAIN_LEN: usize = 4;
const CHAIN_BYTES_MAX: usize = 64 * 1024;

/// What one device shows, and the manifests the verifier has for it.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The SPDM request and response, as NVML returns them.
    pub report: &'a [u8],
    /// PEM, leaf first, NVIDIA's root last.
    pub chain: &'a str,
    /// From a cache: manifests are signed, so it matters not by whom they were kept.
    pub rims: &'a [Rim],
}

/// What the relying party demands of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether driver and VBIOS must be proven to be as NVIDIA published them.
    pub rims_required: bool,
    /// Pass over manifests for versions the device does not run, as in a cache of many.
    /// Otherwise each that was given must be for this device.
    pub ignore_other_rims: bool,
    pub rim_dates: RimDates,
}

/// What it means that a manifest's signing certificate has ended since. The signature
/// carries no time, and NVIDIA serves manifests longer than their signers live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RimDates {
    /// The manifest is refused.
    Strict,
    /// It is taken, and the verdict says so. A certificate not valid yet never is.
    SignerMayHaveEnded,
}

/// Everything found wrong, and what the evidence said where it is authentic.
#[derive(Clone, Debug)]
pub struct Judged {
    pub findings: Findings,
    pub claims: Option<Claims>,
}

/// A device all of whose checks passed; made by [`Judged::proven`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven(Claims);

impl Policy {
    /// Everything must be proven, by manifests whose signers' certificates are current.
    pub const STRICT: Self = Self {
        rims_required: true,
        ignore_other_rims: true,
        rim_dates: RimDates::Strict,
    };
}

impl Judged {
    pub fn proven(self) -> Result<Proven, Findings> {
        match self.claims {
            Some(claims) if self.findings.is_empty() => Ok(Proven(claims)),
            Some(_) | None => Err(self.findings),
        }
    }
}

impl Proven {
    pub const fn claims(&self) -> &Claims {
        &self.0
    }
}

/// Judges one device's answer to `nonce`, under NVIDIA's roots.
pub fn judge(evidence: &Evidence<'_>, nonce: &[u8; 32], policy: Policy, at: At) -> Judged {
    judge_under(NVIDIA, evidence, nonce, policy, at)
}

pub(super) fn judge_under(
    roots: Roots<'_>,
    evidence: &Evidence<'_>,
    nonce: &[u8; 32],
    policy: Policy,
    at: At,
) -> Judged {
    let mut findings = Findings::default();
    let report = read_report(evidence.report, &mut findings);
    let chain = read_chain(evidence.chain, roots.device, at, &mut findings);
    let claims = report.zip(chain).and_then(|(report, chain)| {
        expect_nonce(&report, nonce, &mut findings);
        let leaf = chain.first()?;
        expect_signature(&report, leaf, &mut findings)?;
        expect_fwid(&report, leaf, &mut findings);
        let mut claims = Claims::read(&report, leaf);
        let terms = Terms {
            root: roots.rim,
            policy,
            at,
        };
        judge_rims(&report, evidence.rims, &terms, &mut claims, &mut findings);
        Some(claims)
    });
    Judged { findings, claims }
}

fn read_report(bytes: &[u8], findings: &mut Findings) -> Option<Report> {
    let error = match Report::parse(bytes) {
        Ok(report) => return Some(report),
        Err(error) => error,
    };
    let reason = if error.is_length() {
        Reason::Length
    } else {
        Reason::GpuReport
    };
    let expected = "an SPDM 1.1 measurements request and its response, nothing more";
    findings.note(Group::Authenticity, reason, expected, error);
    None
}

fn read_chain(text: &str, root: &[u8], at: At, findings: &mut Findings) -> Option<Vec<Cert>> {
    let bounded = Some(text).filter(|text| text.len() <= CHAIN_BYTES_MAX);
    let Some(chain) = bounded.and_then(|text| certificates(text, DEVICE_CHAIN_LEN)) else {
        let expected = "at most five certificates in PEM and nothing else";
        let found = format!("{} bytes that are something else", text.len());
        findings.note(Group::Authenticity, Reason::CertParse, expected, found);
        return None;
    };
    let rules = Rules {
        what: "the device's chain",
        root,
        scheme: &P384,
        length: DEVICE_CHAIN_LEN,
        at,
        group: Group::Authenticity,
        expired: Expired::Refused,
    };
    walk(&chain, &rules, findings);
    Some(chain)
}

fn expect_nonce(report: &Report, nonce: &[u8; 32], findings: &mut Findings) {
    if report.nonce != *nonce {
        let (expected, found) = (hex::encode(nonce), hex::encode(report.nonce));
        findings.note(Group::Consistency, Reason::GpuNonce, expected, found);
    }
}

fn expect_signature(report: &Report, leaf: &Cert, findings: &mut Findings) -> Option<()> {
    if leaf.ec_signed(&report.signed, &report.signature, &P384) {
        return Some(());
    }
    let expected = format!("a signature by the key of {}", leaf.subject());
    let found = "a signature by another key, or of other bytes";
    findings.note(Group::Authenticity, Reason::Signature, expected, found);
    None
}

/// The firmware id binds the key to the firmware it was made for. Where the report
/// repeats it, both must agree; every certificate must have one.
fn expect_fwid(report: &Report, leaf: &Cert, findings: &mut Findings) {
    let certified = fwid(leaf);
    let stated = report.opaque.fwid();
    let agree = match (&certified, stated) {
        (Some(certified), Some(stated)) => certified == stated,
        (Some(_), None) => true,
        (None, Some(_) | None) => false,
    };
    if !agree {
        let expected = certified.map_or_else(
            || "a certificate with a firmware id".to_owned(),
            hex::encode,
        );
        let found = stated.map_or_else(|| "none".to_owned(), hex::encode);
        findings.note(Group::Consistency, Reason::GpuFwid, expected, found);
    }
}

/// By what manifests are judged.
struct Terms<'a> {
    root: &'a [u8],
    policy: Policy,
    at: At,
}

fn judge_rims(
    report: &Report,
    rims: &[Rim],
    terms: &Terms<'_>,
    claims: &mut Claims,
    findings: &mut Findings,
) {
    let rims: Vec<&Rim> = rims
        .iter()
        .filter(|rim| !terms.policy.ignore_other_rims || rim_is_for(rim, claims))
        .collect();
    for rim in &rims {
        claims.rim_signer_ended |= expect_signed(rim, terms, findings);
        expect_version(rim, claims, findings);
        // A manifest that nobody signed can add reasons to refuse and take none away.
        claims.compared.push(compare(report, rim, findings));
    }
    expect_no_conflict(&rims, findings);
    if terms.policy.rims_required {
        expect_complete(&rims, claims, findings);
    }
}

/// Says whether the signer's certificate has ended, where that is tolerated.
fn expect_signed(rim: &Rim, terms: &Terms<'_>, findings: &mut Findings) -> bool {
    let what = format!("the chain of the manifest for {}", rim.version);
    let rules = Rules {
        what: &what,
        root: terms.root,
        scheme: &P384,
        length: RIM_CHAIN_LEN,
        at: terms.at,
        group: Group::Platform,
        expired: match terms.policy.rim_dates {
            RimDates::Strict => Expired::Refused,
            RimDates::SignerMayHaveEnded => Expired::Tolerated,
        },
    };
    let ended = walk(&rim.signature.chain, &rules, findings);
    let signature = &rim.signature;
    let signed = signature.chain.first().is_some_and(|leaf| {
        leaf.ec_signed(signature.signed_info.as_bytes(), &signature.value, &P384)
    });
    if !signed || !signature.covers_document {
        let found = match (signed, signature.covers_document) {
            (true, _) => "a file changed after it was signed",
            (false, true) => "a signature by another key",
            (false, false) => "a changed file and a signature by another key",
        };
        let expected = format!("NVIDIA's signature over the manifest for {}", rim.version);
        findings.note(Group::Platform, Reason::RimSignature, expected, found);
    }
    ended
}

fn rim_is_for(rim: &Rim, claims: &Claims) -> bool {
    let running = [&claims.driver, &claims.vbios];
    running
        .into_iter()
        .flatten()
        .any(|version| rim.is_for(version))
}

fn expect_version(rim: &Rim, claims: &Claims, findings: &mut Findings) {
    if !rim_is_for(rim, claims) {
        let running = [&claims.driver, &claims.vbios];
        let [driver, vbios] = running.map(|version| version.as_deref().unwrap_or("none"));
        let expected = format!("a manifest for driver {driver} or VBIOS {vbios}");
        let found = format!("one for {} {} ({})", rim.product, rim.version, rim.tag_id);
        findings.note(Group::Platform, Reason::RimVersion, expected, found);
    }
}

fn expect_complete(rims: &[&Rim], claims: &Claims, findings: &mut Findings) {
    for (what, version) in [("driver", &claims.driver), ("VBIOS", &claims.vbios)] {
        let Some(version) = version else { continue };
        if !rims.iter().any(|rim| rim.is_for(version)) {
            let expected = format!("the manifest for {what} {version}");
            findings.note(Group::Platform, Reason::RimMissing, expected, "none");
        }
    }
}
