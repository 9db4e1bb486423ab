//! The devices of one machine.

use super::*;
use crate::Transcript;
use crate::test_attested::{attested, transcript};
use proto::{Digest, Tier};

const DEVICES: [Presented<'static>; 2] = [
    Presented {
        report: b"one",
        chain: "chain",
    },
    Presented {
        report: b"two",
        chain: "chain",
    },
];

fn bound(devices: Digest) -> Transcript {
    transcript([2; 33], devices)
}

fn refusal(devices: Digest, presented: &[Presented<'_>]) -> Vec<Reason> {
    let cpu = attested(Some(bound(devices)));
    match attest_devices(cpu, presented, &[], lenient()) {
        Err(NotAttested::Refused(findings)) => findings.reasons(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_machine_without_devices_is_of_the_cpus_tier() {
    let cpu = attested(Some(bound(devices_digest(&[]))));

    let machine = attest_devices(cpu, &[], &[], Policy::STRICT).unwrap();

    assert_eq!(machine.tier(), Tier::Cpu);
}

#[test]
fn a_device_that_was_left_out_is_noticed() {
    let hashed = devices_digest(&DEVICES);

    assert!(refusal(hashed, &DEVICES[..1]).contains(&Reason::ReportData));
    assert_eq!(refusal(hashed, &[]), [Reason::ReportData]);
}

#[test]
fn number_order_and_boundaries_of_devices_are_hashed() {
    let [one, two] = DEVICES;
    let moved = Presented {
        report: b"onec",
        chain: "hain",
    };

    assert_ne!(devices_digest(&[one, two]), devices_digest(&[two, one]));
    assert_ne!(devices_digest(&[one]), devices_digest(&[one, one]));
    assert_ne!(devices_digest(&[one]), devices_digest(&[moved]));
}

#[test]
fn a_genuine_gpu_asked_by_somebody_else_is_refused() {
    let Some(folder) = test_shared::path("vectors/attestation/nvidia") else {
        return;
    };
    let report = std::fs::read(folder.join("hopper-590.spdm")).unwrap();
    let chain = std::fs::read_to_string(folder.join("hopper-590.chain.pem")).unwrap();
    let presented = [Presented {
        report: &report,
        chain: &chain,
    }];

    let reasons = refusal(devices_digest(&presented), &presented);

    assert_eq!(reasons, [Reason::GpuNonce]);
}

#[test]
fn a_cpu_judged_without_its_binding_binds_no_device() {
    let refused = attest_devices(attested(None), &[], &[], lenient());

    assert!(matches!(refused, Err(NotAttested::NotBound)));
}
