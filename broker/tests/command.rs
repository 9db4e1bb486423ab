//! The command tells a whole ledger from one that was touched, by its exit code and in words.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

use broker::ledger::{Entry, Happening, Head, HeadKey, Links};
use proto::{Address, TaskId, U256, Wei};
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Two payments of three wei each, signed.
fn ledger() -> String {
    let mut links = Links::default();
    let entry = |task| Entry {
        at: 1,
        task: TaskId([task; 32]),
        happened: Happening::Paid {
            to: Address::repeat_byte(1),
            fee: Some(Wei(U256::from(3))),
        },
    };
    let [one, two] = [1, 2].map(|task| links.append(&entry(task)).unwrap().to_string());
    let head = HeadKey::new(&[1; 32]).unwrap().sign(Head { links, at: 2 });
    format!(
        "{one}\n{two}\nhead {}\n",
        serde_json::to_string(&head).unwrap()
    )
}

fn verify(ledger: &str, more: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sealtune-broker"))
        .args(["ledger", "verify", "-"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(ledger.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_whole_ledger_is_summed_up() {
    let told = verify(&ledger(), &["--json"]);
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();

    assert_eq!(told["entries"], 2);
    assert_eq!(told["unsigned"], 0);
    assert_eq!(told["nodes"][0]["earned_wei"], "6");
}

#[test]
fn a_fee_raised_afterwards_is_told_with_its_line() {
    let touched = ledger().replacen("0x3", "0x4", 1);
    assert_ne!(touched, ledger());
    let told = verify(&touched, &[]);

    assert_eq!(told.status.code(), Some(10));
    assert!(
        String::from_utf8(told.stderr)
            .unwrap()
            .contains("line 1 does not hang")
    );
}

#[test]
fn a_file_that_is_not_there_is_not_a_broken_ledger() {
    let told = Command::new(env!("CARGO_BIN_EXE_sealtune-broker"))
        .args(["ledger", "verify", "/nowhere"])
        .output()
        .unwrap();

    assert_eq!(told.status.code(), Some(1));
}
