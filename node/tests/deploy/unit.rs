//! The systemd unit: how exposed it leaves the node, and that its numbers agree.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that panics is a test that fails, and says what it left out"
)]

use std::path::PathBuf;
use std::process::Command;

/// `systemd-analyze` counts in tenths.
const EXPOSURE_MAX: &str = "20";
const GRACE_SECS: u64 = 300;

fn unit() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/systemd/sealtune-node.service")
}

fn value(key: &str) -> String {
    let text = std::fs::read_to_string(unit()).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    line.unwrap_or_else(|| panic!("{key} is not set"))
        .to_owned()
}

#[test]
fn the_unit_leaves_the_node_little_to_do() {
    let mut analyze = Command::new("systemd-analyze");
    analyze.args([
        "security",
        "--offline=yes",
        "--no-pager",
        "--threshold",
        EXPOSURE_MAX,
    ]);
    let Ok(output) = analyze.arg(unit()).output() else {
        println!("LEFT OUT: systemd-analyze is not installed here");
        return;
    };

    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{}", text.lines().last().unwrap_or_default());
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_stop_waits_longer_than_the_node_drains() {
    let waits: u64 = value("TimeoutStopSec").parse().unwrap();

    assert!(waits > GRACE_SECS);
    assert!(value("ExecStart").contains("sealtune-node run"));
}

#[test]
fn the_trainer_works_in_a_folder_that_the_unit_makes_in_memory() {
    let config = node::config::Config::parse("[state]\nfolder = '/var/lib/sealtune'").unwrap();
    let made = format!("/run/{}", value("RuntimeDirectory"));

    assert!(config.trainer.scratch.starts_with(&made), "{made}");
    assert_eq!(value("RuntimeDirectoryMode"), "0700");
}

#[test]
fn the_wallets_key_comes_as_a_credential_and_nothing_dumps_core() {
    assert!(value("LoadCredential").starts_with("wallet:"));
    assert_eq!(value("LimitCORE"), "0");
    assert_eq!(value("Type"), "notify");
}
