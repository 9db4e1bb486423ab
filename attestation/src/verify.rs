//! The one judgement.

use crate::snp::Root;
use crate::{At, Policy, Transcript, Verdict, snp, tdx};

/// What a machine shows: its report, and the transcript it says the report is bound to.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    pub cpu: Cpu<'a>,
    pub transcript: Option<Transcript>,
}

/// The processor's part of the evidence.
#[derive(Clone, Copy, Debug)]
pub enum Cpu<'a> {
    Snp(snp::Evidence<'a>),
    Tdx(tdx::Evidence<'a>),
}

/// What the verifier believes before it has seen anything.
#[derive(Clone, Debug)]
pub struct TrustRoots {
    pub(crate) amd: Vec<Root>,
    /// Whether Intel's one root, which is compiled in, counts.
    pub(crate) intel: bool,
}

/// A certificate that cannot be a root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no AMD-style root certificate: {0}")]
pub struct BadRoot(pub String);

/// Judges evidence by a policy, against roots, at a moment. All checks of every group
/// that can run do run; nothing read from the evidence steers anything before its
/// signature holds.
pub fn verify(evidence: &Evidence<'_>, policy: &Policy, roots: &TrustRoots, now: At) -> Verdict {
    match &evidence.cpu {
        Cpu::Snp(report) => snp::judge(report, evidence.transcript.as_ref(), policy, roots, now),
        Cpu::Tdx(quote) => tdx::attest(quote, evidence.transcript.as_ref(), policy, roots, now),
    }
}

impl TrustRoots {
    /// The vendors' own roots, as they are compiled in.
    pub fn vendors() -> Self {
        Self {
            amd: Root::amd(),
            intel: true,
        }
    }

    /// Only the named roots, in DER. A vendor's root stays the vendor's; every other is
    /// a development root, and so says every verdict.
    pub fn only<'a>(arks: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, BadRoot> {
        let roots = arks.into_iter().map(Root::from_der);
        Ok(Self {
            amd: roots.collect::<Result<_, _>>()?,
            intel: false,
        })
    }
}
