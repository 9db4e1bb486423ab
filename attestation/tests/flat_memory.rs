//! Sealing takes the same memory however long the stream.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

use attestation::sealing::{EnclaveSecret, Label, OpeningKey, Purpose, Recipient, open, seal};
use ring::rand::SystemRandom;
use std::io::{Read, pipe, repeat, sink};

const LABEL: Label = Label {
    purpose: Purpose::Checkpoint,
    context: [5; 32],
};

/// Two threads with two chunks each, their stacks and the pipe; not the stream.
const GROWTH_MAX_KIB: u64 = 8 * 1024;

#[test]
fn memory_stays_flat_over_256_mib() {
    through(256 << 20);
}

#[test]
#[ignore = "seals and opens 4 GiB: half a minute in release"]
fn memory_stays_flat_over_4_gib() {
    through(4 << 30);
}

fn through(len: u64) {
    let (sealed, to_seal) = pipe().unwrap();
    let before = peak_kib();

    let other_end = std::thread::spawn(move || {
        let to = Recipient::own(&enclave());
        seal(
            &to,
            &LABEL,
            repeat(7).take(len),
            to_seal,
            &SystemRandom::new(),
        )
        .unwrap()
    });
    let opened = open(&OpeningKey::own(&enclave()), &LABEL, sealed, sink()).unwrap();

    assert_eq!((other_end.join().unwrap(), opened), (len, len));
    let growth = peak_kib() - before;
    assert!(growth < GROWTH_MAX_KIB, "the peak grew by {growth} KiB");
}

fn enclave() -> EnclaveSecret {
    EnclaveSecret::take(&mut [9; 32])
}

/// The most memory this process ever had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1))
        .unwrap()
        .parse()
        .unwrap()
}
