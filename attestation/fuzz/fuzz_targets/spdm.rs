//! A device's report and chain from anybody: no panic, and never accepted.
#![no_main]

use attestation::At;
use attestation::gpu::{Evidence, Policy, RimDates, judge};
use libfuzzer_sys::fuzz_target;

const POLICY: Policy = Policy {
    rims_required: false,
    ignore_other_rims: false,
    rim_dates: RimDates::SignerMayHaveEnded,
};

// What precedes the first blank line is the chain, the rest the report.
fuzz_target!(|data: &[u8]| {
    let split = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(0);
    let (chain, report) = data.split_at(split);
    let evidence = Evidence {
        report: report.strip_prefix(b"\n\n").unwrap_or(report),
        chain: &String::from_utf8_lossy(chain),
        rims: &[],
    };

    let judged = judge(&evidence, &[9; 32], POLICY, At(1_780_272_000));

    assert!(!judged.findings.is_empty());
});
