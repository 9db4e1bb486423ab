//! Second group: do report, certificate and chain tell one story?

use super::authentic::Believed;
use super::layout::first_reserved_byte;
use super::vek::Holder;
use super::{KeyKind, Line, Report, SIMULATOR_MARKER, Tcb};
use crate::{Checks, Reason, TrustDomain};

const ECDSA_P384_SHA384: u32 = 1;
const POLICY_RESERVED: u64 = !0x03ff_ffff;
const POLICY_MUST_BE_ONE: u64 = 1 << 17;

/// The four firmware levels of a report, as its line encodes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Levels {
    pub(super) reported: Tcb,
    pub(super) current: Tcb,
    pub(super) committed: Tcb,
    pub(super) launch: Tcb,
}

/// Makes the checks and returns the firmware levels, where they can be read.
pub(super) fn check(believed: &Believed<'_, '_>, checks: &mut Checks<'_>) -> Option<Levels> {
    let report = &believed.report;
    check_fields(believed, checks);
    check_signer(believed, checks);
    check_product(believed, checks);
    check_chip(believed, checks);
    let levels = Levels::read(report, believed.root.line);
    match levels {
        Some(levels) => check_levels(levels, believed, checks),
        None => checks.fail(
            Reason::Reserved,
            format!("firmware levels as {} writes them", believed.root.line),
            format!(
                "{}, {}, {}, {}",
                report.reported_tcb, report.current_tcb, report.committed_tcb, report.launch_tcb
            ),
        ),
    }
    levels
}

fn check_fields(believed: &Believed<'_, '_>, checks: &mut Checks<'_>) {
    let report = &believed.report;
    let algo = report.signature_algo;
    checks.demand(algo == ECDSA_P384_SHA384, Reason::SigAlgo, || (1, algo));
    if let Some(offset) = first_reserved_byte(believed.bytes, report) {
        checks.fail(
            Reason::Reserved,
            "zero",
            format!("a bit set at {offset:#x}"),
        );
    }
    let policy = report.policy;
    let well_formed = policy & POLICY_RESERVED == 0 && policy & POLICY_MUST_BE_ONE != 0;
    checks.demand(well_formed, Reason::PolicyReserved, || {
        ("bit 17 set and bits 26 to 63 clear", format!("{policy:#x}"))
    });
    let author = report.author_key_enabled() || report.author_key_digest == [0; 48];
    checks.demand(author, Reason::AuthorKey, || {
        (
            "no author key digest while AUTHOR_KEY_EN is clear",
            hex::encode(report.author_key_digest),
        )
    });
    let hardware = matches!(believed.root.domain, TrustDomain::Hardware(_));
    let marked = report.family_id == SIMULATOR_MARKER;
    checks.demand(!(hardware && marked), Reason::SimulatorMarker, || {
        ("a machine", "the simulator's FAMILY_ID")
    });
}

fn check_signer(believed: &Believed<'_, '_>, checks: &mut Checks<'_>) {
    let wanted = match believed.vek.kind {
        KeyKind::Vcek => 0,
        KeyKind::Vlek => 1,
    };
    let signer = believed.report.signing_key();
    checks.demand(signer == wanted, Reason::SignerKind, || {
        (
            format!(
                "SIGNING_KEY {wanted}, for the {} that came along",
                believed.vek.kind
            ),
            match signer {
                0 => "0, a VCEK".to_owned(),
                1 => "1, a VLEK".to_owned(),
                7 => "7, unsigned".to_owned(),
                other => format!("{other}, unknown"),
            },
        )
    });
}

fn check_product(believed: &Believed<'_, '_>, checks: &mut Checks<'_>) {
    let line = believed.root.line;
    let named = Line::from_product_name(&believed.vek.product);
    checks.demand(named == Some(line), Reason::ProductMismatch, || {
        (
            format!("a certificate for {line}"),
            format!("one for {:?}", believed.vek.product),
        )
    });
    if believed.report.version < 3 {
        return;
    }
    let [family, model, _stepping] = believed.report.cpuid;
    checks.demand(
        Line::from_cpuid(family, model) == Some(line),
        Reason::ProductMismatch,
        || {
            (
                format!("a processor of {line}"),
                format!("family {family:#x} model {model:#x}"),
            )
        },
    );
}

fn check_chip(believed: &Believed<'_, '_>, checks: &mut Checks<'_>) {
    let chip_id = &believed.report.chip_id;
    let Holder::Chip(hwid) = &believed.vek.holder else {
        return;
    };
    if is_masked(&believed.report) {
        return;
    }
    checks.demand(
        is_chip(chip_id, hwid, believed.root.line),
        Reason::HwidMismatch,
        || {
            (
                format!("chip {}, as the certificate says", hex::encode(hwid)),
                hex::encode(chip_id),
            )
        },
    );
}

/// Turin's chip ids have eight bytes, the others' all 64.
fn is_chip(chip_id: &[u8; 64], hwid: &[u8], line: Line) -> bool {
    match line {
        Line::Milan | Line::Genoa => chip_id.as_slice() == hwid,
        Line::Turin => {
            let (id, tail) = chip_id.split_at(8);
            id == hwid && tail.iter().all(|&byte| byte == 0)
        }
    }
}

pub(super) fn is_masked(report: &Report) -> bool {
    report.chip_id == [0; 64]
}

fn check_levels(levels: Levels, believed: &Believed<'_, '_>, checks: &mut Checks<'_>) {
    let certified = believed.vek.tcb;
    let Levels {
        reported, current, ..
    } = levels;
    checks.demand(certified == reported, Reason::TcbCertMismatch, || {
        (format!("the reported level, {reported}"), certified)
    });
    for (name, level) in [
        ("reported", reported),
        ("committed", levels.committed),
        ("launch", levels.launch),
    ] {
        checks.demand(level.at_most(current), Reason::TcbOrder, || {
            (
                format!("a {name} level up to the current one, {current}"),
                level,
            )
        });
    }
    let (committed, running) = (
        believed.report.committed_firmware,
        believed.report.current_firmware,
    );
    checks.demand(committed <= running, Reason::TcbOrder, || {
        (
            format!("committed firmware up to the current one, {running}"),
            committed,
        )
    });
}

impl Levels {
    pub(super) const fn all(self) -> [Tcb; 4] {
        [self.reported, self.current, self.committed, self.launch]
    }

    fn read(report: &Report, line: Line) -> Option<Self> {
        Some(Self {
            reported: report.reported_tcb.on(line)?,
            current: report.current_tcb.on(line)?,
            committed: report.committed_tcb.on(line)?,
            launch: report.launch_tcb.on(line)?,
        })
    }
}
