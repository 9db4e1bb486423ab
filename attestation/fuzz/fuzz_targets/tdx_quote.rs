//! A TDX quote from anybody: no panic, and never accepted without collateral.
#![no_main]

use attestation::At;
use attestation::tdx::{Evidence, Policy, judge};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let evidence = Evidence {
        quote: data,
        collateral: None,
    };

    let judged = judge(&evidence, &Policy::default(), At(1_750_415_547));

    assert!(!judged.findings.is_empty());
});
