//! Recorded evidence, judged as it must be.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing"
)]

mod common;

use common::{attest, cases, json, vectors};
use serde_json::Value;
use std::path::Path;

#[test]
fn every_recorded_case_is_decided_right() {
    let Some(vectors) = vectors() else { return };

    let cases = cases(&vectors);
    let wrong: Vec<_> = cases.iter().filter_map(|case| complaint(case)).collect();

    assert!(cases.len() >= 185, "only {} cases found", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with our answer, if anything.
fn complaint(case: &Path) -> Option<String> {
    let expect = &json(&case.join("case.json"))["expect"];
    let (status, answer) = attest(&[&"case", &case]);
    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    let right = match expect["verdict"].as_str() {
        Some("accept") => status == 0 && answer["verdict"] == "accept",
        _reject => matches!(status, 10 | 20) && is_reasonable(expect, &answer),
    };
    (!right).then(|| format!("{}: {status} {answer}", case.display()))
}

/// The first reason is one of those that are right, and none is beyond what is true.
fn is_reasonable(expect: &Value, answer: &Value) -> bool {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let right = list(&expect["any_of"]);
    let true_too = [right.clone(), list(&expect["also_true"])].concat();
    let found = list(&answer["reasons"]);
    answer["verdict"] == "reject"
        && found.first().is_some_and(|first| right.contains(first))
        && found.iter().all(|reason| true_too.contains(reason))
}

#[test]
fn every_recorded_certificate_table_is_read_right() {
    let Some(vectors) = vectors() else { return };
    let folder = vectors.join("snp/cert-tables");
    let index = json(&folder.join("index.json"));
    let tables = index["tables"].as_array().unwrap();

    for table in tables {
        let file = folder.join(table["file"].as_str().unwrap());
        let (_status, answer) = attest(&[&"table", &file, &"--json"]);
        let answer: Value = serde_json::from_str(&answer).unwrap();

        assert_eq!(answer["verdict"], table["expect"], "{}", file.display());
    }
    assert!(tables.len() >= 14);
}

#[test]
fn every_recorded_launch_digest_is_calculated_right() {
    let Some(vectors) = vectors() else { return };
    let folder = vectors.join("measure");
    let golden = json(&folder.join("golden.json"));
    let rows = golden.as_array().unwrap();

    for row in rows {
        assert_eq!(measure(&folder, row), expected(row), "{row}");
    }
    assert!(rows.len() >= 29);
}

fn expected(row: &Value) -> (u8, String) {
    match row["error"].is_null() {
        true => (0, format!("{}\n", row["launch_digest"].as_str().unwrap())),
        false => (30, String::new()),
    }
}

fn measure(folder: &Path, row: &Value) -> (u8, String) {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let mut args = vec![
        "measure".to_owned(),
        format!("--ovmf={}", folder.join(text("ovmf")).display()),
        format!("--vcpus={}", row["vcpus"]),
        format!("--vcpu-type={}", text("vcpu_type")),
        format!("--features={}", text("guest_features")),
    ];
    for (name, file) in [("kernel", "kernel.bin"), ("initrd", "initrd.bin")] {
        if row[name] == true {
            args.push(format!("--{name}={}", folder.join(file).display()));
        }
    }
    if let Some(line) = row["append"].as_str() {
        args.push(format!("--cmdline={line}"));
    }
    let args: Vec<&dyn AsRef<std::ffi::OsStr>> = args.iter().map(|arg| arg as _).collect();
    attest(&args)
}

#[test]
fn inspect_names_every_field_of_a_genuine_report() {
    let Some(vectors) = vectors() else { return };
    let report = vectors.join("snp/real/turin-v5-oak/report.bin");

    let (status, text) = attest(&[&"inspect", &report]);

    assert_eq!(status, 0);
    for name in [
        "VERSION",
        "POLICY",
        "MEASUREMENT",
        "REPORT_DATA",
        "CHIP_ID",
        "LAUNCH_MIT_VECTOR",
    ] {
        assert!(text.contains(name), "{name} is not in\n{text}");
    }
    assert!(text.contains("bit 6, unknown"));
}

#[test]
fn a_case_without_its_files_is_unusable_and_not_refused() {
    let empty = tempfile::tempdir().unwrap();

    assert_eq!(attest(&[&"case", &empty.path()]), (30, String::new()));
}
