//! Fourth group: is the guest the one the relying party expects?

use super::{Policy, Report};
use crate::{Checks, Reason};
use std::collections::BTreeSet;

pub(super) fn check(report: &Report, policy: &Policy, checks: &mut Checks<'_>) {
    let svn = report.guest_svn;
    checks.demand(svn >= policy.min_guest_svn, Reason::GuestSvn, || {
        (format!("{} or above", policy.min_guest_svn), svn)
    });
    check_member(
        Reason::Measurement,
        policy.measurements.as_ref(),
        &report.measurement,
        checks,
    );
    check_member(
        Reason::IdKey,
        policy.id_key_digests.as_ref(),
        &report.id_key_digest,
        checks,
    );
    check_author(report, policy, checks);
    if let Some(expected) = policy.host_data {
        checks.demand(report.host_data == expected, Reason::HostData, || {
            (hex::encode(expected), hex::encode(report.host_data))
        });
    }
}

fn check_author(report: &Report, policy: &Policy, checks: &mut Checks<'_>) {
    let Some(expected) = policy.author_key_digests.as_ref() else {
        return;
    };
    if report.author_key_enabled() {
        check_member(
            Reason::AuthorKey,
            Some(expected),
            &report.author_key_digest,
            checks,
        );
    } else {
        checks.fail(Reason::AuthorKey, "an author key", "AUTHOR_KEY_EN clear");
    }
}

fn check_member(
    reason: Reason,
    expected: Option<&BTreeSet<[u8; 48]>>,
    found: &[u8; 48],
    checks: &mut Checks<'_>,
) {
    let member = expected.is_none_or(|set| set.contains(found));
    checks.demand(member, reason, || {
        let expected = expected.into_iter().flatten().map(hex::encode);
        (
            format!("one of [{}]", expected.collect::<Vec<_>>().join(", ")),
            hex::encode(found),
        )
    });
}
