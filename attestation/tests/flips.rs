//! Single bits of genuine reports, turned over: every one has to be noticed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing"
)]

mod common;

use attestation::{At, Cpu, Evidence, Policy, TrustRoots, snp, verify};
use common::{json, vectors};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::fs;
use std::path::Path;

const SEED: u64 = 0x5ea1;
const RANDOM_FLIPS: usize = 3000;

/// A policy that looks at as little as it can, so that only the evidence can refuse.
const LENIENT: &str = r#"
version = 1
binding = "unchecked"
assurance = ["chip", "chip-dated", "cloud-key"]
[snp]
product_lines = ["Milan", "Genoa", "Turin"]
signing_keys = ["vcek", "vlek"]
min_report_version = 2
dangerously_allow_debug = true
allow_migrate = true
allow_smt = true
vmpl = [0, 1, 2, 3]
measurements = "unchecked"
csp_ids = "unchecked"
allow_masked_chip_id = true
allow_provisional_firmware = true
crl = "ignore"
require_bulletins = []
"#;

struct Genuine {
    report: Vec<u8>,
    vek: Vec<u8>,
    at: At,
}

impl Genuine {
    fn read(case: &Path) -> Self {
        let time = json(&case.join("case.json"))["verify_time"].clone();
        Self {
            report: fs::read(case.join("report.bin")).unwrap(),
            vek: fs::read(case.join("vek.der")).unwrap(),
            at: time.as_str().unwrap().parse().unwrap(),
        }
    }

    fn is_accepted(&self, policy: &Policy, roots: &TrustRoots, report: &[u8], vek: &[u8]) -> bool {
        let evidence = Evidence {
            cpu: Cpu::Snp(snp::Evidence {
                report,
                vek,
                issuer: None,
                ark: None,
                crl: None,
            }),
            transcript: None,
        };
        verify(&evidence, policy, roots, self.at).is_accepted()
    }
}

fn genuine() -> Option<Vec<Genuine>> {
    let mut cases = common::entries(&vectors()?.join("snp/real"));
    cases.sort();
    Some(cases.iter().map(|case| Genuine::read(case)).collect())
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

#[test]
fn every_genuine_report_is_accepted_without_help_from_the_evidence() {
    let Some(genuine) = genuine() else { return };
    let (policy, roots) = (Policy::from_toml(LENIENT).unwrap(), TrustRoots::vendors());

    for one in genuine {
        assert!(one.is_accepted(&policy, &roots, &one.report, &one.vek));
    }
}

#[test]
fn no_flipped_bit_of_any_genuine_report_is_accepted() {
    let Some(genuine) = genuine() else { return };
    let (policy, roots) = (Policy::from_toml(LENIENT).unwrap(), TrustRoots::vendors());
    let mut rng = StdRng::seed_from_u64(SEED);

    for _ in 0..RANDOM_FLIPS {
        let which = rng.random_range(0..genuine.len());
        let one = &genuine[which];
        let bit = rng.random_range(0..one.report.len() * 8);
        let report = flipped(&one.report, bit);

        assert!(
            !one.is_accepted(&policy, &roots, &report, &one.vek),
            "report {which}, bit {bit}"
        );
    }
}

#[test]
fn no_flipped_bit_of_any_genuine_certificate_is_accepted() {
    let Some(genuine) = genuine() else { return };
    let (policy, roots) = (Policy::from_toml(LENIENT).unwrap(), TrustRoots::vendors());
    let mut rng = StdRng::seed_from_u64(SEED);

    for _ in 0..RANDOM_FLIPS / 2 {
        let which = rng.random_range(0..genuine.len());
        let one = &genuine[which];
        let bit = rng.random_range(0..one.vek.len() * 8);
        let vek = flipped(&one.vek, bit);

        assert!(
            !one.is_accepted(&policy, &roots, &one.report, &vek),
            "certificate {which}, bit {bit}"
        );
    }
}

#[test]
#[ignore = "every bit of every genuine report, one by one: minutes"]
fn no_bit_at_all_can_be_flipped() {
    let Some(genuine) = genuine() else { return };
    let (policy, roots) = (Policy::from_toml(LENIENT).unwrap(), TrustRoots::vendors());

    for (which, one) in genuine.iter().enumerate() {
        for bit in 0..one.report.len() * 8 {
            let report = flipped(&one.report, bit);
            assert!(
                !one.is_accepted(&policy, &roots, &report, &one.vek),
                "report {which}, bit {bit}"
            );
        }
    }
}
