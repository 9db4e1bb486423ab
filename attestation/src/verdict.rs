//! The verdict, and the one type that stands for accepted evidence.

use crate::{Assurance, At, Findings, Group, Reason, Transcript, TrustDomain};
use proto::{Digest, Tier};

/// The verifier that judged, by name and version.
pub const VERIFIER: &str = concat!("sealtune-attest/", env!("CARGO_PKG_VERSION"));

/// The answer to "may I trust this machine with this?".
#[derive(Clone, Debug)]
pub enum Verdict {
    Accepted(Attested),
    Rejected(Rejection),
}

/// Accepted evidence. Only [`crate::verify`] makes one: it stands for every check of
/// every group having run and passed.
#[derive(Clone, Debug)]
pub struct Attested {
    domain: TrustDomain,
    assurance: Assurance,
    judgement: Judgement,
    claims: Claims,
    bound: Option<Transcript>,
}

/// Refused evidence, with every check that failed.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// Whose root the evidence chains to, where it chains to a trusted one.
    pub domain: Option<TrustDomain>,
    /// The class it would have, where the evidence is authentic.
    pub assurance: Option<Assurance>,
    pub judgement: Judgement,
    pub findings: Findings,
    /// Groups that did not run, because what they look at was not authentic.
    pub unjudged: Vec<Group>,
}

/// What was judged by, so that a verdict can be reproduced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub policy: Digest,
    pub verifier: &'static str,
    pub at: At,
}

/// What the evidence said, once it could be believed.
#[derive(Clone, Debug)]
pub enum Claims {
    Snp(Box<crate::snp::Claims>),
    Tdx(Box<crate::tdx::Claims>),
}

/// What a finished judgement hands over; private to the crate, so that nothing
/// outside can make an [`Attested`].
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) domain: TrustDomain,
    pub(crate) assurance: Assurance,
    pub(crate) claims: Claims,
    pub(crate) bound: Option<Transcript>,
}

impl Verdict {
    pub const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }

    /// Refuses what came with files that do not belong together.
    pub(crate) fn unless_faulty(self, faults: &[String]) -> Self {
        let mut findings = Findings::default();
        for fault in faults {
            let expected = "files that belong together";
            findings.note(Group::Authenticity, Reason::Bundle, expected, fault);
        }
        self.with_findings(findings)
    }

    /// The same verdict, refused for these reasons too.
    pub(crate) fn with_findings(self, findings: Findings) -> Self {
        if findings.is_empty() {
            return self;
        }
        let mut rejection = match self {
            Self::Accepted(attested) => attested.refused(),
            Self::Rejected(rejection) => rejection,
        };
        rejection.findings.extend(findings);
        Self::Rejected(rejection)
    }

    #[allow(
        clippy::result_large_err,
        reason = "a refusal is an answer, not an error"
    )]
    pub fn attested(self) -> Result<Attested, Rejection> {
        match self {
            Self::Accepted(attested) => Ok(attested),
            Self::Rejected(rejection) => Err(rejection),
        }
    }
}

impl Attested {
    pub(crate) fn new(proven: Proven, judgement: Judgement) -> Self {
        Self {
            domain: proven.domain,
            assurance: proven.assurance,
            judgement,
            claims: proven.claims,
            bound: proven.bound,
        }
    }

    fn refused(self) -> Rejection {
        Rejection {
            domain: Some(self.domain),
            assurance: Some(self.assurance),
            judgement: self.judgement,
            findings: Findings::default(),
            unjudged: Vec::new(),
        }
    }

    pub const fn domain(&self) -> TrustDomain {
        self.domain
    }

    pub const fn assurance(&self) -> Assurance {
        self.assurance
    }

    pub const fn judgement(&self) -> &Judgement {
        &self.judgement
    }

    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// What REPORT_DATA was proven to stand for; `None` where the policy expected raw
    /// bytes or did not look.
    pub const fn bound(&self) -> Option<&Transcript> {
        self.bound.as_ref()
    }

    /// The tier an order may ask for.
    pub const fn tier(&self) -> Tier {
        match self.domain {
            TrustDomain::Hardware(_) => Tier::Cpu,
            TrustDomain::Development(_) => Tier::Development,
        }
    }
}
