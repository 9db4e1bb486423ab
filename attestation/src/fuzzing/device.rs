//! Evidence of devices and of Intel guests: nothing a fuzzer makes is ever accepted.

use crate::{At, gpu, tdx};

const AT: At = At(1_780_272_000);
const POLICY: gpu::Policy = gpu::Policy {
    rims_required: false,
    ignore_other_rims: false,
    rim_dates: gpu::RimDates::SignerMayHaveEnded,
};

/// A reference file from anybody.
pub fn rim(bytes: &[u8]) {
    let _rim = gpu::Rim::parse(bytes);
}

/// A device's chain, then after the first blank line its report.
pub fn spdm(bytes: &[u8]) {
    let split = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (chain, report) = bytes.split_at(split.unwrap_or(0));
    let evidence = gpu::Evidence {
        report: report.strip_prefix(b"\n\n").unwrap_or(report),
        chain: &String::from_utf8_lossy(chain),
        rims: &[],
    };

    let judged = gpu::judge(&evidence, &[9; 32], POLICY, AT);

    assert!(!judged.findings.is_empty());
}

/// A quote, which without collateral is never accepted.
pub fn tdx_quote(bytes: &[u8]) {
    let evidence = tdx::Evidence {
        quote: bytes,
        collateral: None,
    };

    let judged = tdx::judge(&evidence, &tdx::Policy::default(), AT);

    assert!(!judged.findings.is_empty());
}
