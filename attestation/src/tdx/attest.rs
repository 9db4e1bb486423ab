//! A quote's way to the one verdict.

use super::judge::{Evidence, Judged, judge};
use crate::verdict::Proven;
use crate::{
    Assurance, At, Attested, Checks, Claims, Group, Judgement, Policy, Reason, Rejection,
    Transcript, TrustDomain, TrustRoots, VERIFIER, Vendor, Verdict, bound, snp,
};

const DOMAIN: TrustDomain = TrustDomain::Hardware(Vendor::Intel);
/// A quote names its platform by a key only that platform has.
const ASSURANCE: Assurance = Assurance::Chip;

pub(crate) fn attest(
    evidence: &Evidence<'_>,
    transcript: Option<&Transcript>,
    policy: &Policy,
    roots: &TrustRoots,
    now: At,
) -> Verdict {
    let judgement = Judgement {
        policy: policy.hash(),
        verifier: VERIFIER,
        at: now,
    };
    let mut judged = judge(evidence, &policy.tdx, now);
    if !roots.intel {
        let expected = "one of the verifier's roots";
        let found = "Intel's";
        let findings = &mut judged.findings;
        findings.note(Group::Authenticity, Reason::RootUntrusted, expected, found);
    }
    let proven = weigh(&mut judged, transcript, policy);
    match proven {
        Some(proven) if judged.findings.is_empty() => {
            Verdict::Accepted(Attested::new(proven, judgement))
        }
        proven => Verdict::Rejected(Rejection {
            domain: proven.as_ref().filter(|_| roots.intel).map(|_| DOMAIN),
            assurance: proven.map(|_| ASSURANCE),
            judgement,
            findings: judged.findings,
            unjudged: judged.unjudged,
        }),
    }
}

/// The questions that are the same for every kind of CPU.
fn weigh(judged: &mut Judged, transcript: Option<&Transcript>, policy: &Policy) -> Option<Proven> {
    let claims = judged.claims.clone()?;
    let mut checks = Checks::of(Group::Platform, &mut judged.findings);
    snp::check_assurance(ASSURANCE, policy, &mut checks);
    let mut checks = Checks::of(Group::Workload, &mut judged.findings);
    let bound = bound::check(
        &claims.report_data,
        transcript,
        &policy.binding,
        &mut checks,
    );
    Some(Proven {
        domain: DOMAIN,
        assurance: ASSURANCE,
        claims: Claims::Tdx(Box::new(claims)),
        bound,
    })
}
