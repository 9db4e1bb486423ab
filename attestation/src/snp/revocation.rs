//! Whether the vendor has withdrawn its promise.

use super::chain::Chain;
use super::policy::Crl as Rule;
use crate::x509::Crl;
use crate::{At, Checks, Reason};

/// Checks the list that came along; it lists authorities, not chips.
pub(super) fn check(
    chain: &Chain,
    list: Option<&[u8]>,
    rule: Rule,
    now: At,
    checks: &mut Checks<'_>,
) {
    let Rule::Require { stale_days } = rule else {
        return;
    };
    let Some(list) = list else {
        checks.fail(Reason::CrlMissing, "a revocation list", "none");
        return;
    };
    match Crl::parse(list, &chain.ark) {
        Ok(list) => judge(&list, chain, stale_days, now, checks),
        Err(why) => checks.fail(Reason::CrlInvalid, "a list signed by the root", why),
    }
}

fn judge(list: &Crl, chain: &Chain, stale_days: u32, now: At, checks: &mut Checks<'_>) {
    checks.demand(list.is_current(now, stale_days), Reason::CrlStale, || {
        (
            format!("a list valid at {now}, or until {stale_days} days before"),
            format!("one from {} to {}", list.this_update(), list.next_update()),
        )
    });
    for cert in [&chain.issuer, &chain.ark] {
        checks.demand(!list.revokes(cert), Reason::Revoked, || {
            (
                format!("{} not on the list", cert.subject()),
                format!("its serial number {}", hex::encode(cert.serial())),
            )
        });
    }
}
