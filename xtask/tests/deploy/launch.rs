//! The launcher's command line, which no machine without SEV-SNP can do more with than read.

use crate::root;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const COMMAND_LINE: &str = "quiet sealtune.root=00 sealtune.state=memory";

fn image(folder: &Path, variant: &str, command_line: &str) {
    for (name, text) in [
        ("kernel", "kernel"),
        ("initrd", "initrd"),
        ("root.img", "root"),
        ("cmdline", command_line),
        ("inputs", variant),
        ("OVMF.fd", "firmware"),
        ("node.toml", ""),
        ("wallet", ""),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}

fn launch(folder: &Path, more: &[&str]) -> Output {
    Command::new(root().join("deploy/host/launch"))
        .arg("--image")
        .arg(folder)
        .arg("--firmware")
        .arg(folder.join("OVMF.fd"))
        .arg("--config")
        .arg(folder)
        .arg("--print")
        .args(more)
        .output()
        .unwrap()
}

fn words(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_kernel_is_measured_and_the_command_line_is_the_images_own() {
    let folder = tempfile::tempdir().unwrap();
    image(folder.path(), "variant production", COMMAND_LINE);

    let words = words(&launch(folder.path(), &[]));

    let guest = words.iter().find(|word| word.starts_with("sev-snp-guest,"));
    assert!(guest.unwrap().contains("kernel-hashes=on"));
    assert!(
        guest.unwrap().contains("policy=0x20000"),
        "what a verifier takes by default"
    );
    let append = words.iter().position(|word| word == "-append").unwrap();
    assert_eq!(words[append + 1], COMMAND_LINE);
    let machine = words.iter().find(|word| word.starts_with("q35,")).unwrap();
    assert!(machine.contains("confidential-guest-support=sev0"));
}

#[test]
fn the_root_cannot_be_written_and_there_is_no_console() {
    let folder = tempfile::tempdir().unwrap();
    image(folder.path(), "variant production", COMMAND_LINE);

    let words = words(&launch(folder.path(), &[]));

    let root = words.iter().find(|word| word.contains("id=root,")).unwrap();
    assert!(root.contains("readonly=on"), "{root}");
    for door in ["-serial", "-vnc", "-monitor", "-qmp"] {
        assert!(!words.iter().any(|word| word == door), "{door}");
    }
    assert!(words.iter().any(|word| word == "-nodefaults"));
}

#[test]
fn a_development_image_is_not_started_as_if_it_protected_anything() {
    let folder = tempfile::tempdir().unwrap();
    image(folder.path(), "variant development", COMMAND_LINE);

    let output = launch(folder.path(), &[]);

    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("protects nothing"));
}

#[test]
fn an_image_with_its_state_on_a_disk_needs_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    image(
        folder.path(),
        "variant production",
        "quiet sealtune.state=disk",
    );

    let without = launch(folder.path(), &[]);
    let with = words(&launch(folder.path(), &["--state", "state.img"]));

    assert!(!without.status.success());
    assert!(
        with.iter()
            .any(|word| word.contains("serial=sealtune-state"))
    );
}

#[test]
fn libvirt_is_told_the_same() {
    let text = fs::read_to_string(root().join("deploy/host/sealtune-node.xml")).unwrap();

    for said in [
        "<launchSecurity type='sev-snp' kernelHashes='yes'>",
        "<policy>0x20000</policy>",
        "<serial>sealtune-root</serial>",
        "<serial>sealtune-config</serial>",
        "name='org.sealtune.log'",
    ] {
        assert!(text.contains(said), "{said}");
    }
    assert!(!text.contains("<console") && !text.contains("<graphics"));
}
