//! The bytes of a report that must be zero.

use super::report::Report;
use std::ops::Range;

/// In every version. 0x1eb and 0x1ef stand behind the two firmware versions.
const RESERVED: [Range<usize>; 5] = [
    0x04c..0x050,
    0x18b..0x1a0,
    0x1eb..0x1ec,
    0x1ef..0x1f0,
    0x208..0x2a0,
];
/// KEY_INFO uses its five lowest bits.
const KEY_INFO_RESERVED: u32 = !0x1f;
/// Family, model and stepping came with version 3.
const CPUID: Range<usize> = 0x188..0x18b;
/// The mitigation vectors came with version 5.
const MITIGATIONS: Range<usize> = 0x1f8..0x208;

/// The first byte of the report that is set and must not be.
pub(super) fn first_reserved_byte(bytes: &[u8], report: &Report) -> Option<usize> {
    if report.key_info & KEY_INFO_RESERVED != 0 {
        return Some(0x048);
    }
    let cpuid = (report.version < 3).then_some(CPUID);
    let mitigations = (report.version < 5).then_some(MITIGATIONS);
    let ranges = RESERVED.into_iter().chain(cpuid).chain(mitigations);
    ranges.filter_map(|range| first_set(bytes, range)).min()
}

fn first_set(bytes: &[u8], range: Range<usize>) -> Option<usize> {
    let offset = bytes
        .get(range.clone())?
        .iter()
        .position(|&byte| byte != 0)?;
    range.start.checked_add(offset)
}
