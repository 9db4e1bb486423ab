//! A bundle with two devices of a made-up vendor, from its files to the verdict.

use super::*;
use crate::bundle::{Device, TdxParts};
use crate::gpu::synthetic::{Chain, report, roots};
use crate::gpu::{RimDates, attest_under, devices_digest};
use crate::test_attested::{attested, transcript};
use crate::{Reason, Transcript};
use proto::{Digest, Tier};

const FWID: [u8; 48] = [6; 48];
const MEASURED: [[u8; 48]; 2] = [[1; 48], [2; 48]];
const DRIVER: (u16, &[u8]) = (3, b"1.0\0");
const LENIENT: gpu::Policy = gpu::Policy {
    rims_required: false,
    ignore_other_rims: true,
    rim_dates: RimDates::Strict,
};

/// Two devices, asked as this boot asks them.
fn devices(vendor: &Chain, asked: &Transcript) -> Vec<Device> {
    let device = |index| {
        let nonce = Transcript::gpu_nonce(asked.purpose, &asked.nonce, &asked.boot_id, index);
        let opaque = [DRIVER, (20, &FWID[..])];
        Device {
            report: report(&vendor.leaf, nonce, &MEASURED, &opaque),
            chain: vendor.pem(),
        }
    };
    vec![device(0), device(1)]
}

fn digest_of(devices: &[Device]) -> Digest {
    let presented = devices.iter().map(|device| Presented {
        report: &device.report,
        chain: &device.chain,
    });
    devices_digest(&presented.collect::<Vec<_>>())
}

/// The bundle on its way: written as an archive and read again.
fn bundle(bound: &Transcript, devices: Vec<Device>) -> Bundle {
    let parts = TdxParts {
        quote: vec![1],
        collateral: None,
        transcript: Some(bound.clone()),
        devices,
    };
    let built = Bundle::build_tdx(&parts).unwrap();
    Bundle::from_archive(&built.to_archive()).unwrap()
}

#[allow(
    clippy::result_large_err,
    reason = "a refusal is an answer, not an error"
)]
fn judged(
    vendor: &Chain,
    bundle: &Bundle,
    bound: Transcript,
) -> Result<(Attested, Option<AttestedDevices>), Rejection> {
    let manifests = Chain::of_manifest();
    bundle.with_devices(attested(Some(bound)), |cpu, presented| {
        attest_under(roots(vendor, &manifests), cpu, presented, &[], LENIENT)
    })
}

#[test]
fn a_bundles_devices_are_proven_with_its_machine() {
    let vendor = Chain::of_device(FWID);
    let mut bound = transcript([2; 33], Digest::default());
    let devices = devices(&vendor, &bound);
    bound.devices = digest_of(&devices);

    let (_cpu, proven) = judged(&vendor, &bundle(&bound, devices), bound).unwrap();

    let proven = proven.unwrap();
    assert_eq!(proven.devices().count(), 2);
    assert_eq!(proven.tier(), Tier::CpuAndGpu);
}

#[test]
fn devices_in_another_order_than_the_report_vouches_for_are_refused() {
    let vendor = Chain::of_device(FWID);
    let mut bound = transcript([2; 33], Digest::default());
    let mut devices = devices(&vendor, &bound);
    bound.devices = digest_of(&devices);
    devices.reverse();

    let refused = judged(&vendor, &bundle(&bound, devices), bound).unwrap_err();

    let reasons = refused.findings.reasons();
    assert!(reasons.contains(&Reason::ReportData), "{reasons:?}");
    assert!(reasons.contains(&Reason::GpuNonce), "{reasons:?}");
}

#[test]
fn devices_of_a_vendor_nobody_trusts_are_refused() {
    let (vendor, stranger) = (Chain::of_device(FWID), Chain::of_device(FWID));
    let mut bound = transcript([2; 33], Digest::default());
    let devices = devices(&stranger, &bound);
    bound.devices = digest_of(&devices);

    let refused = judged(&vendor, &bundle(&bound, devices), bound).unwrap_err();

    assert!(refused.findings.reasons().contains(&Reason::RootUntrusted));
}

#[test]
fn a_machine_without_devices_is_judged_alone() {
    let bound = transcript([2; 33], Digest::default());
    let bundle = bundle(&bound, Vec::new());

    let (_cpu, devices) = judged(&Chain::of_device(FWID), &bundle, bound).unwrap();

    assert!(devices.is_none());
}
