//! The four groups in their order, and the verdict they make.

use super::authentic::Believed;
use super::vek::Holder;
use super::{Claims, Evidence, Standing, authentic, consistent, platform, workload};
use crate::verdict::Proven;
use crate::{
    Assurance, At, Attested, Checks, Findings, Group, Judgement, Policy, Reason, Rejection,
    Transcript, TrustDomain, TrustRoots, VERIFIER, Verdict,
};

pub(crate) fn judge(
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
    let mut findings = Findings::default();
    let mut first = Checks::of(Group::Authenticity, &mut findings);
    let (root, believed) = authentic::check(evidence, &policy.snp, roots, now, &mut first);
    let proven = believed.map(|believed| weigh(&believed, transcript, policy, now, &mut findings));
    match proven {
        Some(proven) if findings.is_empty() => Verdict::Accepted(Attested::new(proven, judgement)),
        proven => {
            let domain = root.map(|root| root.domain);
            Verdict::Rejected(reject(proven.as_ref(), domain, judgement, findings))
        }
    }
}

/// Runs the three groups that look at what the report says.
fn weigh(
    believed: &Believed<'_, '_>,
    transcript: Option<&Transcript>,
    policy: &Policy,
    now: At,
    findings: &mut Findings,
) -> Proven {
    let mut checks = Checks::of(Group::Consistency, findings);
    let levels = consistent::check(believed, &mut checks);
    let mut checks = Checks::of(Group::Platform, findings);
    let standing = platform::check(believed, levels, &policy.snp, now, &mut checks);
    let assurance =
        platform::assurance(believed.root.line, believed.vek.kind, believed.root.domain);
    check_assurance(assurance, policy, &mut checks);
    let mut checks = Checks::of(Group::Workload, findings);
    workload::check(&believed.report, &policy.snp, &mut checks);
    let report_data = &believed.report.report_data;
    let bound = crate::bound::check(report_data, transcript, &policy.binding, &mut checks);
    Proven {
        domain: believed.root.domain,
        assurance,
        claims: crate::Claims::Snp(Box::new(claims(believed, standing))),
        bound,
    }
}

pub(crate) fn check_assurance(assurance: Assurance, policy: &Policy, checks: &mut Checks<'_>) {
    let taken = policy.assurance.contains(&assurance);
    checks.demand(taken, Reason::AssuranceNotAllowed, || {
        let words: Vec<_> = policy.assurance.iter().map(|class| class.word()).collect();
        (words.join(" or "), assurance)
    });
}

fn claims(believed: &Believed<'_, '_>, standing: Standing) -> Claims {
    Claims {
        report: believed.report.clone(),
        line: believed.root.line,
        key: believed.vek.kind,
        csp: match &believed.vek.holder {
            Holder::Chip(_) => None,
            Holder::Provider(csp) => Some(csp.clone()),
        },
        standing,
    }
}

fn reject(
    proven: Option<&Proven>,
    domain: Option<TrustDomain>,
    judgement: Judgement,
    findings: Findings,
) -> Rejection {
    let unjudged = match proven {
        Some(_) => Vec::new(),
        None => vec![Group::Consistency, Group::Platform, Group::Workload],
    };
    Rejection {
        domain,
        assurance: proven.map(|proven| proven.assurance),
        judgement,
        findings,
        unjudged,
    }
}
