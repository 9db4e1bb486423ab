//! Third group: is the machine one the relying party takes?

use super::authentic::Believed;
use super::consistent::{Levels, is_masked};
use super::vek::Holder;
use super::{Bulletin, KeyKind, Policy, Report, Standing};
use crate::{At, Checks, Reason};
use std::collections::BTreeSet;
use std::fmt::Display;

const SMT: u64 = 1 << 16;
const MIGRATE: u64 = 1 << 18;
const DEBUG: u64 = 1 << 19;
/// The host, not the guest, asked for the report.
const VMPL_HOST: u32 = u32::MAX;
const NO_MIGRATION_AGENT: [u8; 32] = [0xff; 32];

/// Makes the checks and says how the machine stands against known bulletins.
pub(super) fn check(
    believed: &Believed<'_, '_>,
    levels: Option<Levels>,
    policy: &Policy,
    now: At,
    checks: &mut Checks<'_>,
) -> Standing {
    let (report, line) = (&believed.report, believed.root.line);
    let standing = levels.map(|levels| policy.bulletins.standing(report, levels, line, now));
    let standing = standing.unwrap_or_default();
    check_kind(believed, policy, checks);
    check_guest_policy(&believed.report, policy, checks);
    check_vmpl(&believed.report, policy, checks);
    check_holder(believed, policy, checks);
    if let Some(levels) = levels {
        check_floors(believed, levels, policy, checks);
        check_bulletins(&standing, policy, checks);
    }
    check_firmware(&believed.report, levels, policy, checks);
    check_settings(&believed.report, policy, checks);
    standing
}

fn check_kind(believed: &Believed<'_, '_>, policy: &Policy, checks: &mut Checks<'_>) {
    let (line, kind) = (believed.root.line, believed.vek.kind);
    checks.demand(
        policy.product_lines.contains(&line),
        Reason::ProductNotAllowed,
        || (list(&policy.product_lines), line),
    );
    checks.demand(
        policy.signing_keys.contains(&kind),
        Reason::SignerKind,
        || (list(&policy.signing_keys), kind),
    );
    let version = believed.report.version;
    checks.demand(
        version >= policy.min_report_version,
        Reason::Version,
        || {
            (
                format!("version {} or later", policy.min_report_version),
                version,
            )
        },
    );
}

fn check_guest_policy(report: &Report, policy: &Policy, checks: &mut Checks<'_>) {
    let has = |bit| report.policy & bit != 0;
    let found = || format!("guest policy {:#x}", report.policy);
    checks.demand(
        policy.allow_debug || !has(DEBUG),
        Reason::PolicyDebug,
        || ("bit 19 clear", found()),
    );
    checks.demand(
        policy.allow_migrate || !has(MIGRATE),
        Reason::PolicyMigrate,
        || ("bit 18 clear", found()),
    );
    let alone = report.report_id_ma == NO_MIGRATION_AGENT;
    checks.demand(policy.allow_migrate || alone, Reason::PolicyMigrate, || {
        ("no migration agent", hex::encode(report.report_id_ma))
    });
    checks.demand(policy.allow_smt || !has(SMT), Reason::PolicySmt, || {
        ("bit 16 clear", found())
    });
    let required = policy.require_policy_bits;
    checks.demand(
        report.policy & required == required,
        Reason::PolicyBits,
        || (format!("all bits of {required:#x}"), found()),
    );
}

fn check_vmpl(report: &Report, policy: &Policy, checks: &mut Checks<'_>) {
    let vmpl = report.vmpl;
    let allowed = vmpl != VMPL_HOST && policy.vmpl.contains(&vmpl);
    checks.demand(allowed, Reason::Vmpl, || {
        let found = match vmpl {
            VMPL_HOST => "a report the host asked for".to_owned(),
            vmpl => format!("VMPL {vmpl}"),
        };
        (format!("VMPL {}", list(&policy.vmpl)), found)
    });
}

fn check_holder(believed: &Believed<'_, '_>, policy: &Policy, checks: &mut Checks<'_>) {
    let masked = is_masked(&believed.report);
    match &believed.vek.holder {
        Holder::Chip(_) => {
            checks.demand(
                policy.allow_masked_chip_id || !masked,
                Reason::HwidMasked,
                || ("a chip id", "all zeros"),
            );
        }
        Holder::Provider(csp) => {
            let allowed = policy.csp_ids.as_ref().is_none_or(|ids| ids.contains(csp));
            checks.demand(allowed, Reason::CspNotAllowed, || {
                (
                    policy.csp_ids.as_ref().map(list).unwrap_or_default(),
                    csp.clone(),
                )
            });
        }
    }
    if let Some(chips) = &policy.chip_ids {
        let chip_id = &believed.report.chip_id;
        let listed = chips.iter().any(|chip| is_listed(chip_id, chip));
        checks.demand(listed, Reason::ChipNotAllowed, || {
            (
                format!("one of {} chips", chips.len()),
                hex::encode(chip_id),
            )
        });
    }
}

/// A list may name Turin's chips by their eight bytes.
fn is_listed(chip_id: &[u8; 64], chip: &[u8]) -> bool {
    let (id, tail) = chip_id.split_at(8);
    chip_id.as_slice() == chip || (id == chip && tail.iter().all(|&byte| byte == 0))
}

fn check_floors(
    believed: &Believed<'_, '_>,
    levels: Levels,
    policy: &Policy,
    checks: &mut Checks<'_>,
) {
    let Some(&floor) = policy.min_tcb.get(&believed.root.line) else {
        return;
    };
    for (name, level) in [
        ("reported", levels.reported),
        ("current", levels.current),
        ("committed", levels.committed),
        ("launch", levels.launch),
    ] {
        checks.demand(level.reaches(floor), Reason::TcbMin, || {
            (format!("{name} level {floor}"), level)
        });
    }
}

fn check_bulletins(standing: &Standing, policy: &Policy, checks: &mut Checks<'_>) {
    let required = |bulletin: &&Bulletin| policy.require_bulletins.contains(&bulletin.id);
    for bulletin in standing.open.iter().filter(required) {
        let expected = format!("a machine mended for {} ({})", bulletin.id, bulletin.title);
        let found = format!("one open to it since {}", bulletin.published);
        checks.fail(Reason::TcbMin, expected, found);
    }
}

fn check_firmware(
    report: &Report,
    levels: Option<Levels>,
    policy: &Policy,
    checks: &mut Checks<'_>,
) {
    let (committed, current) = (report.committed_firmware, report.current_firmware);
    let settled =
        committed == current && levels.is_none_or(|levels| levels.committed == levels.current);
    checks.demand(
        policy.allow_provisional_firmware || settled,
        Reason::ProvisionalFw,
        || {
            (
                format!("committed firmware {current} at {}", report.current_tcb),
                format!("{committed} at {}", report.committed_tcb),
            )
        },
    );
    if let Some(floor) = policy.min_firmware {
        checks.demand(committed >= floor, Reason::FirmwareMin, || {
            (format!("committed firmware {floor} or later"), committed)
        });
    }
}

fn check_settings(report: &Report, policy: &Policy, checks: &mut Checks<'_>) {
    let (info, required, forbidden) = (
        report.platform_info,
        policy.platform_require,
        policy.platform_forbid,
    );
    let fits = info & required == required && info & forbidden == 0;
    checks.demand(fits, Reason::PlatformInfo, || {
        (
            format!("all bits of {required:#x} and none of {forbidden:#x}"),
            format!("{info:#x}"),
        )
    });
    let wanted = policy.mitigations_require;
    let (launch, current) = (report.launch_mitigations, report.current_mitigations);
    let mitigated = launch & wanted == wanted && current & wanted == wanted;
    checks.demand(mitigated, Reason::MitVector, || {
        (
            format!("all bits of {wanted:#x}"),
            format!("{launch:#x} at launch and {current:#x} now"),
        )
    });
}

fn list<T: Display>(set: &BTreeSet<T>) -> String {
    let items: Vec<_> = set.iter().map(ToString::to_string).collect();
    if items.is_empty() {
        "none".to_owned()
    } else {
        items.join(" or ")
    }
}

/// What a key of this kind on this line is worth.
pub(super) const fn assurance(
    line: super::Line,
    kind: KeyKind,
    domain: crate::TrustDomain,
) -> crate::Assurance {
    use crate::{Assurance, TrustDomain};
    match (domain, kind, line) {
        (TrustDomain::Development(_), _, _) => Assurance::Development,
        (TrustDomain::Hardware(_), KeyKind::Vlek, _) => Assurance::CloudKey,
        (TrustDomain::Hardware(_), KeyKind::Vcek, super::Line::Milan) => Assurance::ChipDated,
        (TrustDomain::Hardware(_), KeyKind::Vcek, super::Line::Genoa | super::Line::Turin) => {
            Assurance::Chip
        }
    }
}
