//! One whole judgement beside the `sev` crate's chain and signature, on the same bytes.
//!
//! Ours adds the revocation list, dates, certificate profile, levels, chip, policy,
//! image and binding; theirs is chain and report signature.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing"
)]
#![allow(
    missing_docs,
    reason = "criterion's macros write undocumented functions"
)]

use attestation::{At, Cpu, Evidence, Policy, TrustRoots, snp, verify};
use criterion::{Criterion, criterion_group, criterion_main};
use sev::certs::snp::{Chain, Verifiable};
use sev::firmware::guest::AttestationReport;
use sev::parser::ByteParser;
use std::hint::black_box;
use std::path::{Path, PathBuf};

const POLICY: &str = r#"
version = 1
binding = "unchecked"
assurance = ["development"]
[snp]
product_lines = ["Genoa"]
allow_smt = true
measurements = "unchecked"
min_tcb = { Genoa = { snp = 1 } }
"#;

/// A case with a revocation list, under a synthetic root.
struct Case {
    report: Vec<u8>,
    vek: Vec<u8>,
    ask: Vec<u8>,
    ark: Vec<u8>,
    crl: Vec<u8>,
}

impl Case {
    fn read(folder: &Path) -> Option<Self> {
        let case = folder.join("synthetic/syn-genoa--crl-ok");
        let file = |name: &str| std::fs::read(case.join(name)).ok();
        let root = |name: &str| {
            let pem = std::fs::read_to_string(folder.join("roots/syn-genoa").join(name)).ok()?;
            let (_label, der) = der::Document::from_pem(&pem).ok()?;
            Some(der.as_bytes().to_vec())
        };
        Some(Self {
            report: file("report.bin")?,
            vek: file("vek.der")?,
            ask: root("ask.pem")?,
            ark: root("ark.pem")?,
            crl: file("crl.der")?,
        })
    }

    fn ours(&self, policy: &Policy, roots: &TrustRoots, now: At) -> bool {
        let evidence = Evidence {
            cpu: Cpu::Snp(snp::Evidence {
                report: &self.report,
                vek: &self.vek,
                issuer: Some(&self.ask),
                ark: Some(&self.ark),
                crl: Some(&self.crl),
            }),
            transcript: None,
        };
        verify(&evidence, policy, roots, now).is_accepted()
    }

    fn theirs(&self) -> bool {
        let chain = Chain::from_der(&self.ark, &self.ask, &self.vek).unwrap();
        let report = AttestationReport::from_bytes(&self.report).unwrap();
        (&chain, &report).verify().is_ok()
    }
}

fn vectors() -> PathBuf {
    #[allow(clippy::disallowed_methods, reason = "benches find their data by it")]
    let named = std::env::var("SEALTUNE_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    named.unwrap_or(beside).join("vectors/attestation/snp")
}

fn judgements(criterion: &mut Criterion) {
    let Some(case) = Case::read(&vectors()) else {
        eprintln!("LEFT OUT: no recorded evidence at {}", vectors().display());
        return;
    };
    let policy = Policy::from_toml(POLICY).unwrap();
    let roots = TrustRoots::only([case.ark.as_slice()]).unwrap();
    let now: At = "2026-06-01T00:00:00Z".parse().unwrap();
    assert!(case.ours(&policy, &roots, now) && case.theirs());

    let mut group = criterion.benchmark_group("snp");
    group.bench_function("ours, whole judgement with CRL", |bench| {
        bench.iter(|| black_box(&case).ours(&policy, &roots, now));
    });
    group.bench_function("sev 8, chain and signature", |bench| {
        bench.iter(|| black_box(&case).theirs());
    });
    group.finish();
}

criterion_group!(benches, judgements);
criterion_main!(benches);
