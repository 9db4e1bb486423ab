//! No program that is released contains the simulator.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing"
)]

use serde_json::Value;
use std::process::Command;

/// What only the simulator writes: the names in its certificates.
const ONLY_SIMULATED: [&str; 2] = ["NOT ADVANCED MICRO DEVICES", "INSECURE DEVELOPMENT ROOT"];
/// The simulator itself, and tests of the whole.
const MAY_CONTAIN_IT: [&str; 3] = ["simtee", "simtee-client", "e2e"];

#[test]
fn the_verifier_contains_nothing_of_the_simulator() {
    let binary = std::fs::read(env!("CARGO_BIN_EXE_sealtune-attest")).unwrap();

    assert!(
        contains(&binary, attestation::VERIFIER),
        "the search finds nothing"
    );
    for text in ONLY_SIMULATED {
        assert!(!contains(&binary, text), "{text}");
    }
}

#[test]
fn only_the_simulator_and_whole_tests_depend_on_it() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();

    let dependents: Vec<_> = packages
        .iter()
        .filter(|package| is_dependent(package))
        .collect();

    assert!(packages.len() > 3);
    for package in dependents {
        let name = package["name"].as_str().unwrap();
        assert!(
            MAY_CONTAIN_IT.contains(&name),
            "{name} is built with the simulator"
        );
    }
}

/// Whether a plain build of the package contains a crate of the simulator. Dev
/// dependencies are for tests; optional ones have to be asked for by name.
fn is_dependent(package: &Value) -> bool {
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    let mut built = dependencies.filter(|dep| dep["kind"].is_null() && dep["optional"] == false);
    built.any(|dep| ["simtee", "simtee-client"].contains(&dep["name"].as_str().unwrap()))
}

fn contains(binary: &[u8], text: &str) -> bool {
    binary
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}
