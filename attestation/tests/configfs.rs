//! configfs-tsm, against a folder that behaves like the kernel's where it can.
#![cfg(feature = "device")]

use attestation::device::{ConfigfsTsm, SourceError};

#[test]
fn a_machine_without_the_interface_says_so() {
    let empty = tempfile::tempdir().unwrap();

    let missing = ConfigfsTsm::at(&empty.path().join("tsm"));

    assert!(matches!(missing, Err(SourceError::Io { .. })));
}
