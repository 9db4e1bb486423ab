//! `sealtune-attest gpu` and `tdx`, as scripts call them: the line and the status.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that panics is a test that fails, and has no config.rs"
)]

use serde_json::Value;
use std::path::{Path, PathBuf};

/// The folder of recorded evidence, or `None` said aloud.
fn vectors(inside: &str) -> Option<PathBuf> {
    let root = std::env::var("SEALTUNE_SHARED").map_or_else(
        |_unset| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let path = root.join("vectors/attestation").join(inside);
    if path.exists() {
        return Some(path);
    }
    eprintln!(
        "LEFT OUT: {} is not here, set SEALTUNE_SHARED",
        path.display()
    );
    None
}

/// Runs a command line; words that name a file of the folder stand for its path.
fn run(folder: &Path, line: &str) -> (u8, String) {
    let words = line.split_whitespace().map(|word| {
        let path = folder.join(word);
        if path.exists() {
            path.into_os_string()
        } else {
            word.into()
        }
    });
    let args = std::iter::once("sealtune-attest".into()).chain(words);
    let mut out = Vec::new();
    let code = attestation::cli::run(args, &mut out).unwrap();
    (code, String::from_utf8(out).unwrap())
}

fn answer(folder: &Path, line: &str) -> (u8, Value) {
    let (code, out) = run(folder, line);
    assert_eq!(out.lines().count(), 1, "one line of JSON");
    (code, serde_json::from_str(&out).unwrap())
}

const NONCE_535: &str = "27a328247bf7935c993341cf587be6f05986ccce4fe7ba2c54100bd616a58f66";

fn gpu(folder: &Path, report: &str, more: &str) -> (u8, Value) {
    let line = format!(
        "gpu {report} --chain hopper-535.chain.pem --nonce {NONCE_535} --json \
         --at 2026-06-01T00:00:00Z {more}"
    );
    answer(folder, &line)
}

#[test]
fn a_genuine_gpu_with_its_vbios_manifest_is_accepted() {
    let Some(folder) = vectors("nvidia") else {
        return;
    };

    let (code, line) = gpu(&folder, "hopper-535.spdm", "--rim vbios-96005E0001.rim.xml");

    assert_eq!(code, 0);
    assert_eq!(line["verdict"], "accept");
    assert_eq!(line["claims"]["driver"], "535.86.09");
    assert_eq!(line["claims"]["vbios"], "96.00.5E.00.01");
    assert_eq!(line["claims"]["rims"][0]["matched"], 12);
}

#[test]
fn a_changed_gpu_report_exits_with_ten() {
    let Some(folder) = vectors("nvidia") else {
        return;
    };

    for report in ["nonce", "block1", "sig", "short", "reclen"] {
        let (code, line) = gpu(&folder, &format!("hopper-535--{report}.spdm"), "");

        assert_eq!(code, 10, "{report}");
        assert_eq!(line["verdict"], "reject");
        assert!(line["reasons"][0].as_str().unwrap().starts_with("E_"));
    }
}

#[test]
fn a_gpu_that_is_not_as_published_exits_with_twenty() {
    let Some(folder) = vectors("nvidia") else {
        return;
    };
    let rim = "--rim driver-535.86.09-mismatch.rim.xml";

    let (code, line) = gpu(&folder, "hopper-535.spdm", rim);

    assert_eq!(code, 20);
    let reasons = line["reasons"].as_array().unwrap();
    assert!(reasons.contains(&"E_RIM_MISMATCH".into()));
}

#[test]
fn a_manifest_that_must_be_there_and_is_not_exits_with_twenty() {
    let Some(folder) = vectors("nvidia") else {
        return;
    };

    let (code, line) = gpu(&folder, "hopper-535.spdm", "--require-rims");

    assert_eq!(code, 20);
    assert_eq!(line["reasons"], serde_json::json!(["E_RIM_MISSING"]));
}

#[test]
fn without_json_a_person_is_told_what_is_not_proven() {
    let Some(folder) = vectors("nvidia") else {
        return;
    };
    let line = format!("gpu hopper-535.spdm --chain hopper-535.chain.pem --nonce {NONCE_535}");

    let (code, text) = run(&folder, &line);

    assert_eq!(code, 0);
    assert!(text.starts_with("ACCEPTED"));
    assert!(text.contains("relay to another genuine GPU"));
    assert!(text.contains("no reference files were given"));
}

#[test]
fn a_nonce_that_is_none_cannot_be_used() {
    let folder = PathBuf::from(".");
    let (code, _out) = run(&folder, "gpu x --chain y --nonce 12 --json");

    assert_eq!(code, 30);
}

#[test]
fn an_up_to_date_quote_is_accepted_at_its_time_and_refused_later() {
    let Some(folder) = vectors("tdx") else { return };
    let at = |time: &str| {
        let line = format!(
            "tdx dcap-v4-uptodate.quote --collateral dcap-v4-uptodate.collateral.json \
             --json --at {time}"
        );
        answer(&folder, &line)
    };

    let (then, accepted) = at("2025-06-20T10:32:27Z");
    let (later, refused) = at("2026-11-18T00:00:00Z");

    assert_eq!((then, &accepted["verdict"]), (0, &"accept".into()));
    assert_eq!(accepted["claims"]["tcb_status"], "UpToDate");
    assert_eq!((later, &refused["verdict"]), (10, &"reject".into()));
}

#[test]
fn a_quote_without_collateral_is_read_and_refused() {
    let Some(folder) = vectors("tdx") else { return };

    let (code, line) = answer(&folder, "tdx trustee-v4-debug.quote --json");

    assert_eq!(code, 10);
    assert_eq!(line["claims"]["td_attributes"], "0100001000000000");
    let reasons = line["reasons"].as_array().unwrap();
    assert!(reasons.contains(&"E_POLICY_DEBUG".into()));
    assert!(reasons.contains(&"E_COLLATERAL_MISSING".into()));
}
