//! Debian packages, built from stand-ins of our programs: that they are what they say, to the byte.

use crate::root;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAMS: [&str; 4] = [
    "sealtune-node",
    "sealtune-trainer",
    "sealtune-broker",
    "sealtune-attest",
];

/// Writes the papers a program of ours would, and nothing else.
const STAND_IN: &str = r#"#!/bin/sh
name=$(basename "$0")
mkdir -p "$2/man" "$2/completions"
echo ".TH $name 1" >"$2/man/$name.1"
echo ".TH $name-run 1" >"$2/man/$name-run.1"
for paper in "$name.bash" "$name.fish" "_$name"; do echo "$paper" >"$2/completions/$paper"; done
"#;

/// Where packages cannot be built, that is said.
fn builds_packages() -> bool {
    let there = Command::new("dpkg-deb").arg("--version").output().is_ok();
    if !there {
        println!("LEFT OUT: dpkg-deb is not installed here");
    }
    there
}

fn stand_ins(folder: &Path, programs: &[&str]) -> PathBuf {
    let folder = folder.join("programs");
    fs::create_dir_all(&folder).unwrap();
    for program in programs {
        let path = folder.join(program);
        fs::write(&path, STAND_IN).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// Builds in a folder of its own, under a umask and in a place for temporary files that are told.
fn build(checkout: &Path, folder: &Path, umask: &str, programs: &[&str]) -> PathBuf {
    let out = folder.join("out");
    let temporary = folder.join("temporary");
    fs::create_dir_all(&temporary).unwrap();
    let output = Command::new("sh")
        .args([
            "-c",
            "umask \"$1\" && exec \"$0\" --programs \"$2\" --out \"$3\"",
        ])
        .arg(checkout.join("deploy/deb/build"))
        .arg(umask)
        .arg(stand_ins(folder, programs))
        .arg(&out)
        .env("TMPDIR", temporary)
        .env_remove("SOURCE_DATE_EPOCH")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    out
}

/// The same files in another order and under other modes, as another clone has them.
fn clone_into(folder: &Path) -> PathBuf {
    let clone = folder.join("another clone");
    fs::create_dir_all(&clone).unwrap();
    for part in ["docs", "deploy", "Cargo.toml"] {
        let copied = Command::new("cp")
            .args(["-r", "--no-preserve=timestamps"])
            .arg(root().join(part))
            .arg(&clone)
            .status();
        assert!(copied.unwrap().success());
    }
    let private = Command::new("chmod")
        .args(["-R", "go=,u+rwX"])
        .arg(&clone)
        .status();
    assert!(private.unwrap().success());
    clone
}

fn packages(out: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(out)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "deb"))
        .collect();
    found.sort();
    found
}

fn ask(package: &Path, how: &[&str]) -> String {
    let output = Command::new("dpkg-deb")
        .args(how)
        .arg(package)
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn two_builds_in_other_places_under_other_umasks_give_equal_bytes() {
    if !builds_packages() {
        return;
    }
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());

    let first = packages(&build(&root(), one.path(), "022", &PROGRAMS));
    let clone = clone_into(other.path());
    let second = packages(&build(&clone, other.path(), "077", &PROGRAMS));

    assert_eq!(first.len(), PROGRAMS.len());
    for (first, second) in first.iter().zip(&second) {
        assert_eq!(first.file_name(), second.file_name());
        let same = fs::read(first).unwrap() == fs::read(second).unwrap();
        assert!(same, "{} is not {}", first.display(), second.display());
    }
}

#[test]
fn everything_in_a_package_is_roots_and_nobody_else_writes_it() {
    if !builds_packages() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();

    for package in packages(&build(&root(), folder.path(), "000", &PROGRAMS)) {
        let list = ask(&package, &["--contents"]);

        for line in list.lines() {
            let mode: Vec<char> = line.chars().take(10).collect();
            assert!(line.contains(" root/root "), "{line}");
            assert!(mode[5] != 'w' && mode[8] != 'w', "{line}");
            assert!(mode[3] != 's' && mode[6] != 's', "{line}");
        }
        assert!(list.lines().count() > 5, "{list}");
    }
}

#[test]
fn the_nodes_package_brings_its_unit_its_pages_and_its_runbooks() {
    if !builds_packages() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = build(&root(), folder.path(), "022", &PROGRAMS);
    let all = packages(&out);
    let node = all
        .iter()
        .find(|path| path.to_string_lossy().contains("sealtune-node_"));

    let list = ask(node.unwrap(), &["--contents"]);
    let control = ask(node.unwrap(), &["--field"]);

    for place in [
        "./usr/bin/sealtune-node",
        "./usr/lib/systemd/system/sealtune-node.service",
        "./usr/lib/sysusers.d/sealtune-node.conf",
        "./usr/share/man/man1/sealtune-node-run.1.gz",
        "./usr/share/bash-completion/completions/sealtune-node",
        "./usr/share/doc/sealtune-node/runbooks/SealtuneNodeDown.md",
    ] {
        assert!(list.lines().any(|line| line.ends_with(place)), "{place}");
    }
    let version = env!("CARGO_PKG_VERSION");
    assert!(
        control.contains(&format!("Version: {version}\n")),
        "{control}"
    );
    assert!(
        control.contains(&format!("sealtune-trainer (= {version})")),
        "{control}"
    );
    assert!(
        !control.contains('@') || control.contains("@localhost>"),
        "{control}"
    );
}

#[test]
fn a_package_without_its_program_is_left_out_and_the_others_are_built() {
    if !builds_packages() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();

    let out = build(&root(), folder.path(), "022", &["sealtune-attest"]);

    let sums = fs::read_to_string(out.join("SHA256SUMS")).unwrap();
    assert_eq!(packages(&out).len(), 1);
    assert_eq!(sums.lines().count(), 1, "{sums}");
    assert!(sums.contains("sealtune-attest_"), "{sums}");
}
