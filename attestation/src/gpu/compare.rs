//! Measurements against reference values.

use super::claims::Compared;
use super::rim::Rim;
use super::spdm::Report;
use crate::{Findings, Group, Reason};
use std::collections::BTreeMap;

/// NVIDIA's rule: this value depends on a decoder that may be switched off, and is
/// not compared when the device says it is.
const NVDEC0_INDEX: usize = 35;

/// Compares one manifest's active values with the report: value n with block n + 1.
pub(super) fn compare(report: &Report, rim: &Rim, findings: &mut Findings) -> Compared {
    let mut compared = Compared {
        version: rim.version.clone(),
        matched: 0,
        skipped: 0,
    };
    for (&index, values) in &rim.active {
        if index == NVDEC0_INDEX && report.opaque.nvdec0_disabled() {
            compared.skipped = compared.skipped.saturating_add(1);
        } else if report
            .measurements
            .get(index)
            .is_some_and(|measured| values.contains(measured))
        {
            compared.matched = compared.matched.saturating_add(1);
        } else {
            note_mismatch(report, rim, index, values, findings);
        }
    }
    compared
}

fn note_mismatch(
    report: &Report,
    rim: &Rim,
    index: usize,
    values: &[[u8; 48]],
    findings: &mut Findings,
) {
    let expected: Vec<String> = values.iter().map(short).collect();
    let expected = format!(
        "value {index} of {}: {}",
        rim.version,
        expected.join(" or ")
    );
    let found = report.measurements.get(index).map_or_else(
        || "no such measurement".to_owned(),
        |measured| format!("block {}: {}", index.saturating_add(1), short(measured)),
    );
    findings.note(Group::Platform, Reason::RimMismatch, expected, found);
}

/// No index may be active in two manifests: which of them would be right?
pub(super) fn expect_no_conflict(rims: &[&Rim], findings: &mut Findings) {
    let mut owners: BTreeMap<usize, &str> = BTreeMap::new();
    for rim in rims {
        for &index in rim.active.keys() {
            if let Some(other) = owners.insert(index, &rim.version) {
                let found = format!("in {other} and in {}", rim.version);
                let expected = format!("value {index} active in one manifest");
                findings.note(Group::Platform, Reason::RimConflict, expected, found);
            }
        }
    }
}

fn short(value: &[u8; 48]) -> String {
    let head: Vec<u8> = value.iter().take(8).copied().collect();
    format!("{}…", hex::encode(head))
}
