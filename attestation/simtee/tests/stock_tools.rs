//! What stock OpenSSL and tar make of a bundle.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test says what went wrong by failing, and looks for another process's file now and then"
)]

mod common;

use attestation::bundle::Bundle;
use common::{POLICY, Simulator, attest, boot};
use std::fs;
use std::path::Path;
use std::process::Command;

fn openssl(folder: &Path, args: &[&str]) -> bool {
    let run = Command::new("openssl")
        .current_dir(folder)
        .args(args)
        .output();
    run.expect("openssl can be run").status.success()
}

/// Whether a program is on this machine; where it is not, that is said aloud.
fn is_here(program: &str) -> bool {
    let here = Command::new(program).arg("--version").output().is_ok();
    if !here {
        eprintln!("LEFT OUT: there is no {program} on this machine");
    }
    here
}

#[test]
fn a_bundle_is_the_same_as_a_folder_and_as_an_archive() {
    let simulator = Simulator::start(&[]);
    let (folder, policy) = simulator.publish(&boot(), POLICY);
    let (archive, root) = (simulator.path("bundle.tar"), simulator.path("root.pem"));
    let bundle = Bundle::read(&folder).unwrap();
    fs::write(&archive, bundle.to_archive()).unwrap();

    assert_eq!(Bundle::read(&archive).unwrap().files(), bundle.files());
    let (status, text) = attest(&[
        &"verify",
        &archive,
        &"--policy",
        &policy,
        &"--development-root",
        &root,
    ]);
    assert_eq!(status, 0, "{text}");
}

#[test]
fn stock_tar_unpacks_an_archive_to_the_same_files() {
    if !is_here("tar") {
        return;
    }
    let simulator = Simulator::start(&[]);
    let (folder, _policy) = simulator.publish(&boot(), POLICY);
    let bundle = Bundle::read(&folder).unwrap();
    let archive = simulator.path("bundle.tar");
    fs::write(&archive, bundle.to_archive()).unwrap();

    let unpacked = tempfile::tempdir().unwrap();
    let tar = Command::new("tar")
        .arg("-xf")
        .arg(&archive)
        .current_dir(&unpacked)
        .status();
    assert!(tar.unwrap().success());
    assert_eq!(
        Bundle::read(unpacked.path()).unwrap().files(),
        bundle.files()
    );
}

#[test]
fn stock_openssl_accepts_the_bundle() {
    if !is_here("openssl") {
        return;
    }
    let simulator = Simulator::start(&[]);
    let (bundle, _policy) = simulator.publish(&boot(), POLICY);

    let chain = [
        "verify",
        "-CAfile",
        "ark.pem",
        "-untrusted",
        "ask.pem",
        "vcek.der",
    ];
    assert!(openssl(&bundle, &chain));
    let key = [
        "x509", "-inform", "der", "-in", "vcek.der", "-pubkey", "-noout", "-out", "vcek.pub",
    ];
    assert!(openssl(&bundle, &key));
    let signature = |file| {
        let args = [
            "dgst",
            "-sha384",
            "-verify",
            "vcek.pub",
            "-signature",
            "report.sig.der",
            file,
        ];
        openssl(&bundle, &args)
    };
    assert!(signature("report.signed.bin"));
    assert!(!signature("report.bin"));
    let list = [
        "crl", "-inform", "der", "-in", "crl.der", "-CAfile", "ark.pem", "-noout",
    ];
    assert!(openssl(&bundle, &list));
}
