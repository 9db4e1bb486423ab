//! The program itself: what it prints, what it asks, and how it ends.

#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use clap::Parser;
use ft::args::{Args, Verb};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const CHAIN: [&str; 6] = [
    "--rpc",
    "http://127.0.0.1:1",
    "--chain-id",
    "31337",
    "--market",
    "0x0000000000000000000000000000000000000001",
];

fn ft(home: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ft"));
    command.args(words).current_dir(home).stdin(Stdio::null());
    command.env("HOME", home);
    command.env("XDG_CONFIG_HOME", home.join("config"));
    command.env("XDG_DATA_HOME", home.join("data"));
    command.output().unwrap()
}

fn init(home: &Path, more: &[&str]) -> Output {
    ft(home, &[&["init"], CHAIN.as_slice(), more].concat())
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_reference_in_the_documentation_is_the_programs_own() {
    let written = include_str!("../../docs/ft.md");

    let current = ft::reference::markdown();

    let advice = "write it anew: cargo run -p ft -- reference > docs/ft.md";
    assert!(written.trim_end() == current.trim_end(), "{advice}");
}

#[test]
fn older_names_of_verbs_are_understood() {
    let parsed = |words: &[&str]| Args::parse_from([&["ft"], words].concat()).verb;

    assert!(matches!(parsed(&["add-account", "5"]), Verb::AddAccount(_)));
    assert!(matches!(
        parsed(&["deposit-fund", "5"]),
        Verb::DepositFund(_)
    ));
    assert!(matches!(parsed(&["get-log", "0x12"]), Verb::Logs(_)));
    assert!(matches!(parsed(&["download-model", "0x12"]), Verb::Get(_)));
}

#[test]
fn a_wallet_is_made_for_its_owner_alone_and_never_written_over() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(init(home.path(), &[]).status.code(), Some(0));
    let password = home.path().join("password");
    fs::write(&password, "correct horse\n").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    let new = ["account", "new", "--json", "--password-file", "password"];

    let made = ft(home.path(), &new);

    assert_eq!(made.status.code(), Some(0), "{}", err(&made));
    let key = home.path().join("config/sealtune/wallet.json");
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let keystore: serde_json::Value = serde_json::from_slice(&fs::read(&key).unwrap()).unwrap();
    assert_eq!(keystore["version"], 3);
    let said: serde_json::Value = serde_json::from_str(&out(&made)).unwrap();
    let opened = chain::Wallet::open(&key, Some(&password)).unwrap();
    let told: proto::Address = serde_json::from_value(said["address"].clone()).unwrap();
    assert_eq!(told, opened.address());
    let again = ft(home.path(), &new);
    assert_eq!(again.status.code(), Some(4), "{}", err(&again));
    let unasked = ft(home.path(), &["account", "new", "--key", "other.json"]);
    assert_eq!(unasked.status.code(), Some(4));
    assert!(
        err(&unasked).contains("--password-file"),
        "{}",
        err(&unasked)
    );
}

#[test]
fn a_configuration_is_never_written_over_unasked() {
    let home = tempfile::tempdir().unwrap();

    assert_eq!(init(home.path(), &[]).status.code(), Some(0));
    assert_eq!(init(home.path(), &[]).status.code(), Some(4));
    assert_eq!(init(home.path(), &["--force"]).status.code(), Some(0));
}

#[test]
fn trouble_says_what_happened_whether_money_moved_and_what_to_type() {
    let home = tempfile::tempdir().unwrap();
    init(home.path(), &[]);
    let key = home.path().join("config/sealtune/wallet.json");
    ft(home.path(), &["account", "new", "--raw"]);
    assert!(key.exists());

    let unreachable = ft(home.path(), &["account", "add", "5", "--yes"]);

    assert_eq!(unreachable.status.code(), Some(5));
    let said = err(&unreachable);
    assert!(said.contains("no rpc url answers"), "{said}");
    assert!(
        said.contains("money: none moved") && said.contains("next:"),
        "{said}"
    );
    assert!(!said.contains('\x1b'), "no colours without a terminal");
    let json = ft(home.path(), &["account", "add", "5", "--yes", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(json["error"]["exit"], 5);
    assert_eq!(json["error"]["money"], "none moved");
}

#[test]
fn a_recipe_is_shown_to_its_last_default_and_a_wrong_key_is_named() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("good.yaml"), "lora_r: 8\n").unwrap();
    fs::write(home.path().join("bad.yaml"), "lora_rank: 8\n").unwrap();

    let good = out(&ft(home.path(), &["recipe", "show", "good.yaml"]));
    let bad = ft(home.path(), &["recipe", "show", "bad.yaml"]);

    assert!(
        good.contains("lora_r: 8\n") && good.contains("seed: 42\n"),
        "{good}"
    );
    fs::write(home.path().join("shown.yaml"), &good).unwrap();
    let again = out(&ft(home.path(), &["recipe", "show", "shown.yaml"]));
    assert_eq!(again, good, "what is shown is a recipe, and the same one");
    assert_eq!(bad.status.code(), Some(4));
    assert!(
        err(&bad).contains("did you mean `lora_r`?"),
        "{}",
        err(&bad)
    );
}

#[test]
fn bad_lines_are_named_before_anything_leaves_the_machine() {
    let home = tempfile::tempdir().unwrap();
    let lines = "{\"text\":\"a\"}\n{\"messages\":[]}\n[\n";
    fs::write(home.path().join("data.jsonl"), lines).unwrap();

    let checked = ft(home.path(), &["data", "check", "data.jsonl"]);

    assert_eq!(checked.status.code(), Some(4));
    let said = err(&checked);
    assert!(
        said.contains("line 2:") && said.contains("line 3:"),
        "{said}"
    );
}

#[test]
fn shells_get_completions() {
    let home = tempfile::tempdir().unwrap();

    let bash = out(&ft(home.path(), &["completions", "bash"]));

    assert!(bash.contains("_ft()"), "{bash}");
}
