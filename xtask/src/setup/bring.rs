//! The commands that bring things: pip, npm, cargo and apt, each told to keep to what is pinned.

use std::path::Path;
use std::process::{Command, Stdio};

/// Wheels only, each of a hash that the pins name, into a folder of their own.
pub(super) fn pip(pins: &Path, home: &Path) -> Command {
    let mut pip = python();
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--progress-bar=off",
    ])
    .args(["--disable-pip-version-check", "--root-user-action=ignore"])
    .args(["--require-hashes", "--only-binary=:all:", "--no-deps"])
    .arg("--target")
    .arg(home)
    .arg("--requirement")
    .arg(pins);
    pip
}

pub(super) fn has_pip() -> bool {
    let mut asked = python();
    asked
        .args(["-m", "pip", "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    asked
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// No install scripts: what a package wants to run at this point is nothing we need. Not `npm ci`,
/// which refuses a lock file that lacks the optional packages of platforms a registry does not
/// carry; the lock file still says every version and hash, and is not written.
pub(super) fn npm(folder: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--no-save",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]);
    npm.current_dir(folder);
    npm
}

pub(super) fn cargo_install(krate: &str, home: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["install", "--quiet", "--locked", krate, "--root"])
        .arg(home);
    cargo
}

pub(super) fn apt(words: &[&str]) -> Command {
    let mut apt = Command::new("apt-get");
    apt.args(words).env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

fn python() -> Command {
    Command::new("python3")
}
