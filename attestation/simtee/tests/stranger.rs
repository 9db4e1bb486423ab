//! A stranger verifies a bundle: against the simulator's root, and against AMD's.

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
use attestation::device::ReportSource;
use attestation::{At, Policy, Purpose, TrustRoots};
use common::{POLICY, Simulator, attest, boot, reasons, transcript};
use std::collections::BTreeMap;
use std::fs;

const WRONG: &str = "ab";

#[test]
fn a_stranger_believes_the_simulator_only_by_its_own_root_and_is_told_so() {
    let simulator = Simulator::start(&[]);
    let (bundle, policy) = simulator.publish(&boot(), POLICY);
    let root = simulator.path("root.pem");

    let (status, text) = attest(&[
        &"verify",
        &bundle,
        &"--policy",
        &policy,
        &"--development-root",
        &root,
    ]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("ACCEPTED"), "{text}");
    assert!(text.contains("Who vouches: NOBODY"), "{text}");
    assert!(text.contains(&hex::encode(boot().signer)), "{text}");
    assert!(text.contains("that the machine is alive now"), "{text}");

    let (status, text) = attest(&[&"verify", &bundle, &"--policy", &policy]);
    assert_eq!(status, 10, "{text}");
    assert!(text.contains("REFUSED"), "{text}");
    assert!(text.contains("E_ROOT_UNTRUSTED"), "{text}");
    assert!(text.contains("anybody can make such a root"), "{text}");
    assert!(text.contains("nobody this verifier trusts"), "{text}");
}

#[test]
fn the_simulators_own_bundle_is_what_the_documentation_says() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle");
    let simulator = Simulator::start(&["--bundle-out", bundle.to_str().unwrap()]);
    let policy = simulator.path("policy.toml");
    fs::write(&policy, POLICY).unwrap();
    let root = simulator.path("root.pem");

    let by_its_root = attest(&[
        &"verify",
        &bundle,
        &"--policy",
        &policy,
        &"--development-root",
        &root,
    ]);
    let by_amds = attest(&[&"verify", &bundle, &"--policy", &policy]);

    assert_eq!(by_its_root.0, 0, "{}", by_its_root.1);
    assert!(by_its_root.1.contains("Who vouches: NOBODY"));
    assert_eq!(by_amds.0, 10, "{}", by_amds.1);
    assert!(by_amds.1.contains("E_ROOT_UNTRUSTED"));
}

#[test]
fn a_production_policy_refuses_the_simulator_even_by_its_own_root() {
    let simulator = Simulator::start(&[]);
    let production = POLICY.replace("[\"development\"]", "[\"chip\"]");
    let (bundle, policy) = simulator.publish(&boot(), &production);
    let root = simulator.path("root.pem");

    let (status, answer) = attest(&[
        &"verify",
        &bundle,
        &"--policy",
        &policy,
        &"--development-root",
        &root,
        &"--json",
    ]);

    assert_eq!(
        (status, reasons(&answer)),
        (20, vec!["E_ASSURANCE_NOT_ALLOWED".to_owned()])
    );
}

#[test]
fn a_nonce_is_proven_and_another_is_not() {
    let simulator = Simulator::start(&["--report-version", "3"]);
    let challenge = transcript(Purpose::Challenge, [0xcd; 32]);
    let (bundle, policy) = simulator.publish(&challenge, POLICY);
    let root = simulator.path("root.pem");
    let with = |nonce: String| {
        attest(&[
            &"verify",
            &bundle,
            &"--policy",
            &policy,
            &"--development-root",
            &root,
            &"--json",
            &"--nonce",
            &nonce,
        ])
    };

    assert_eq!(with("cd".repeat(32)).0, 0);
    let (status, answer) = with(WRONG.repeat(32));
    assert_eq!(
        (status, reasons(&answer)),
        (20, vec!["E_REPORT_DATA".to_owned()])
    );
}

#[test]
fn a_bundle_whose_files_were_exchanged_is_refused() {
    let simulator = Simulator::start(&[]);
    let (bundle, policy) = simulator.publish(&boot(), POLICY);
    let root = simulator.path("root.pem");
    let other = transcript(Purpose::Boot, [0; 32]);
    let other = Transcript {
        signer: [2; 33],
        ..other
    };
    fs::write(
        bundle.join("transcript.json"),
        serde_json::to_vec(&other).unwrap(),
    )
    .unwrap();

    let (status, answer) = attest(&[
        &"verify",
        &bundle,
        &"--policy",
        &policy,
        &"--development-root",
        &root,
        &"--json",
    ]);

    assert_eq!(status, 10);
    assert_eq!(reasons(&answer), ["E_REPORT_DATA", "E_BUNDLE"]);
}

#[test]
fn no_file_of_a_bundle_can_be_changed() {
    let simulator = Simulator::start(&[]);
    let policy = Policy::from_toml(POLICY).unwrap();
    let root = fs::read_to_string(simulator.path("root.pem")).unwrap();
    let (_label, root) = der::Document::from_pem(&root).unwrap();
    let roots = TrustRoots::only([root.as_bytes()]).unwrap();
    let bundle = simulator.bundle(&boot());
    let accepts = |files: BTreeMap<String, Vec<u8>>| {
        Bundle::from_files(files)
            .is_ok_and(|bundle| bundle.verify(&policy, &roots, now()).is_accepted())
    };

    assert!(accepts(bundle.files().clone()));
    for (name, content) in bundle.files() {
        for at in [0, content.len() / 2, content.len() - 1] {
            let mut files = bundle.files().clone();
            files.get_mut(name).unwrap()[at] ^= 1;
            assert!(!accepts(files), "{name} changed at {at}");
        }
        let mut files = bundle.files().clone();
        files.remove(name);
        assert!(!accepts(files), "{name} removed");
    }
    let mut files = bundle.files().clone();
    files.insert("stray".to_owned(), vec![1]);
    assert!(!accepts(files), "a stray file");
}

#[allow(
    clippy::disallowed_methods,
    reason = "the simulator's certificates begin today"
)]
fn now() -> At {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    At(since.unwrap().as_secs())
}

#[test]
fn a_vlek_of_a_simulated_turin_is_judged_as_its_own_kind() {
    let simulator = Simulator::start(&["--line", "Turin", "--csp", "CN=simulated"]);
    let policy = POLICY.replace("\"Genoa\"", "\"Turin\"");
    let allowed = format!("{policy}signing_keys = [\"vlek\"]\ncsp_ids = [\"CN=simulated\"]\n");
    let root = simulator.path("root.pem");
    let verify = |policy: &str| {
        let (bundle, policy) = simulator.publish(&boot(), policy);
        attest(&[
            &"verify",
            &bundle,
            &"--policy",
            &policy,
            &"--development-root",
            &root,
            &"--json",
        ])
    };

    let (status, answer) = verify(&allowed);
    assert_eq!(status, 0, "{answer}");
    let (status, answer) = verify(&policy);
    assert_eq!(
        (status, reasons(&answer)),
        (20, vec!["E_SIGNER_KIND".to_owned()])
    );
}

#[test]
fn a_restart_of_the_guest_finds_the_same_derived_key() {
    let simulator = Simulator::start(&[]);
    let key = || simulator.tee().derived_key().unwrap();

    assert_eq!(*key().0, *key().0);
    assert_ne!(*key().0, [0; 32]);
}
