//! First group: is this a report by a key the vendor vouches for, today?

use super::chain::Chain;
use super::report::{BadReport, Report};
use super::vek::Vek;
use super::{Evidence, Policy, Root, revocation, signature};
use crate::{At, Checks, Reason, TrustRoots};

/// A report whose signature holds, under a chain that ends in a trusted root. Only from
/// here on may what it says decide anything.
#[derive(Debug)]
pub(super) struct Believed<'a, 'r> {
    pub(super) bytes: &'a [u8],
    pub(super) report: Report,
    pub(super) root: &'r Root,
    pub(super) vek: Vek,
}

pub(super) fn check<'a, 'r>(
    evidence: &Evidence<'a>,
    policy: &Policy,
    roots: &'r TrustRoots,
    now: At,
    checks: &mut Checks<'_>,
) -> (Option<&'r Root>, Option<Believed<'a, 'r>>) {
    let report = parse(evidence.report, checks);
    let Some(chain) = Chain::read(evidence, roots, checks) else {
        return (None, None);
    };
    let Some(root) = chain.anchor(roots, checks) else {
        return (None, None);
    };
    chain.check_authorities(root, checks);
    chain.check_dates(now, checks);
    revocation::check(&chain, evidence.crl, policy.crl, now, checks);
    let vek = Vek::read(&chain.vek, root.line, root.prefix)
        .map_err(|why| checks.fail(Reason::CertProfile, "a report key's certificate", why));
    let signed = report.filter(|_| is_signed(evidence.report, &chain, checks));
    let believed = signed.zip(vek.ok()).map(|(report, vek)| Believed {
        bytes: evidence.report,
        report,
        root,
        vek,
    });
    (Some(root), believed)
}

fn parse(bytes: &[u8], checks: &mut Checks<'_>) -> Option<Report> {
    match Report::parse(bytes) {
        Ok(report) => Some(report),
        Err(BadReport::Length(length)) => {
            checks.fail(Reason::Length, "1184 bytes", format!("{length} bytes"));
            None
        }
        Err(BadReport::Version(version)) => {
            checks.fail(Reason::Version, "version 2, 3, 4 or 5", version);
            None
        }
    }
}

fn is_signed(report: &[u8], chain: &Chain, checks: &mut Checks<'_>) -> bool {
    let Some(key) = chain.vek.p384_key() else {
        return false;
    };
    if let Some(offset) = signature::first_stray_byte(report) {
        let found = format!("a byte set at {offset:#x}");
        checks.fail(Reason::SigEncoding, "zero bytes around R and S", found);
    }
    let signed = signature::verifies(report, key);
    checks.demand(signed, Reason::Signature, || {
        (
            "a signature by the certificate's key over the report",
            "one by another key or over other bytes",
        )
    });
    signed
}
