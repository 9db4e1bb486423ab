//! Evidence of our own making, in every form the simulator knows, judged like AMD's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing"
)]

use attestation::snp::{self, KeyKind, Line};
use attestation::{At, Cpu, Evidence, Policy, Reason, TrustRoots, Verdict, verify};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use simtee::{Identity, Machine, ReportVersion, SyntheticRoot};
use std::sync::LazyLock;

const NOW: At = At(1_790_000_000);
const POLICY: &str = r#"
version = 1
binding = "unchecked"
assurance = ["development"]
[snp]
product_lines = ["Milan", "Genoa", "Turin"]
signing_keys = ["vcek", "vlek"]
csp_ids = "unchecked"
measurements = "unchecked"
"#;
const FLIPS: usize = 1500;

fn machine(line: Line, version: ReportVersion, csp: Option<&str>) -> Machine {
    let root = SyntheticRoot::generate(line, NOW.0).unwrap();
    let identity = Identity {
        measurement: [7; 48],
        host_data: [8; 32],
        version,
        csp: csp.map(str::to_owned),
    };
    Machine::start(root, identity).unwrap()
}

fn judge(machine: &Machine, report: &[u8], crl: &[u8], roots: &TrustRoots) -> Verdict {
    static PARSED: LazyLock<Policy> = LazyLock::new(|| Policy::from_toml(POLICY).unwrap());
    let evidence = Evidence {
        cpu: Cpu::Snp(snp::Evidence {
            report,
            vek: machine.vek(),
            issuer: Some(machine.root().issuer(machine.kind())),
            ark: Some(machine.root().ark()),
            crl: Some(crl),
        }),
        transcript: None,
    };
    verify(&evidence, &PARSED, roots, NOW)
}

fn own_roots(machine: &Machine) -> TrustRoots {
    TrustRoots::only([machine.root().ark()]).unwrap()
}

fn reasons(verdict: Verdict) -> Vec<Reason> {
    verdict.attested().unwrap_err().findings.reasons()
}

#[test]
fn every_form_of_report_is_accepted_by_its_root_and_refused_by_amds() {
    for (line, version, csp) in [
        (Line::Milan, ReportVersion::V3, None),
        (Line::Genoa, ReportVersion::V5, Some("CN=simulated")),
        (Line::Turin, ReportVersion::V5, None),
    ] {
        let machine = machine(line, version, csp);
        let (report, crl) = (
            machine.report(&[1; 64]).unwrap(),
            machine.root().crl().unwrap(),
        );

        let own = judge(&machine, &report, &crl, &own_roots(&machine));
        assert!(own.is_accepted(), "{line}: {own:?}");
        let amds = judge(&machine, &report, &crl, &TrustRoots::vendors());
        assert_eq!(reasons(amds), [Reason::RootUntrusted], "{line}");
    }
}

#[test]
fn no_flipped_bit_and_no_revoked_authority_is_accepted() {
    let machine = machine(Line::Genoa, ReportVersion::V5, None);
    let (roots, crl) = (own_roots(&machine), machine.root().crl().unwrap());
    let report = machine.report(&[1; 64]).unwrap();
    let mut rng = StdRng::seed_from_u64(0x5ea1);

    for _ in 0..FLIPS {
        let bit = rng.random_range(0..report.len() * 8);
        let mut flipped = report.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(
            !judge(&machine, &flipped, &crl, &roots).is_accepted(),
            "bit {bit}"
        );
    }

    let revoked = machine.root().crl_revoking(KeyKind::Vcek).unwrap();
    assert_eq!(
        reasons(judge(&machine, &report, &revoked, &roots)),
        [Reason::Revoked]
    );
    let other = machine.root().crl_revoking(KeyKind::Vlek).unwrap();
    assert!(judge(&machine, &report, &other, &roots).is_accepted());
}
