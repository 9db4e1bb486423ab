//! The walls, tried from inside: by the node's own program behind them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is a test that fails"
)]

use node::sandbox::{Answers, Limits, Piece, Report, Spec, Strictness};
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const NODE: &str = env!("CARGO_BIN_EXE_sealtune-node");

struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("model")).unwrap();
        fs::create_dir(dir.path().join("work")).unwrap();
        fs::write(dir.path().join("model/weights"), "w").unwrap();
        Self { dir }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn spec(&self) -> Spec {
        Spec {
            strictness: Strictness::Required,
            parent: std::process::id(),
            program: NODE.into(),
            arguments: vec![
                "sandbox-probe".into(),
                self.at("model").display().to_string(),
                self.at("work").display().to_string(),
            ],
            read: vec![self.at("model")],
            write: vec![self.at("work")],
            devices: Vec::new(),
            pipes_up_to: 4,
            limits: Limits {
                data_bytes: 1 << 30,
                cpu_secs: 60,
                file_bytes: 1 << 20,
                open_files: 64,
            },
        }
    }
}

/// Starts the launcher as the node does, with a variable and a descriptor too many.
fn launch(spec: &Spec, more: &[u8]) -> Output {
    let stray = fs::File::open("/etc/passwd").unwrap();
    rustix::io::fcntl_setfd(&stray, rustix::io::FdFlags::empty()).unwrap();
    let mut child = Command::new(NODE)
        .arg("sandboxed")
        .env("SECRET", "x")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(spec.to_line().as_bytes()).unwrap();
    stdin.write_all(more).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(String::from).collect()
}

fn answers(spec: &Spec) -> (Report, Answers) {
    let output = launch(spec, b"");
    let lines = lines(&output);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(lines.len(), 2, "{lines:?} {words}");
    let report = serde_json::from_str(&lines[0]).unwrap();
    (report, serde_json::from_str(&lines[1]).unwrap())
}

fn has(report: &Report, piece: Piece) -> bool {
    report.held.contains(&piece)
}

#[test]
fn inside_nothing_can_be_done_but_to_write_into_the_work_folder() {
    let desk = Desk::new();

    let (report, answers) = answers(&desk.spec());

    assert!(
        has(&report, Piece::Landlock) && has(&report, Piece::Seccomp),
        "{report:?}"
    );
    let nothing = Answers {
        environment: Vec::new(),
        descriptors: answers.descriptors.clone(),
        a_socket_opens: false,
        a_unix_socket_opens: false,
        a_program_starts: false,
        foreign_files_are_readable: false,
        the_model_is_writable: false,
        foreign_folders_are_writable: false,
        the_parent_can_be_signalled: false,
        the_parent_is_visible: false,
        the_group_can_be_left: false,
        work_is_writable: true,
    };
    assert_eq!(answers, nothing);
}

#[test]
fn no_descriptor_comes_along_but_the_pipes() {
    let desk = Desk::new();

    let (_, answers) = answers(&desk.spec());

    // The last is the listing itself.
    assert_eq!(answers.descriptors, [0, 1, 2, 3]);
}

#[test]
fn outside_the_same_probe_can_do_all_of_it() {
    let desk = Desk::new();

    let output = Command::new(NODE)
        .arg("sandbox-probe")
        .args([desk.at("model"), desk.at("work")])
        .output()
        .unwrap();

    let answers: Answers = serde_json::from_slice(&output.stdout).unwrap();
    assert!(answers.a_socket_opens);
    assert!(answers.a_unix_socket_opens);
    assert!(answers.a_program_starts);
    assert!(answers.foreign_files_are_readable);
    assert!(answers.the_model_is_writable);
    assert!(answers.foreign_folders_are_writable);
    assert!(answers.the_parent_can_be_signalled);
    assert!(answers.the_parent_is_visible);
    assert!(answers.the_group_can_be_left);
    assert!(!answers.environment.is_empty());
}

#[test]
fn what_follows_the_spec_is_the_programs() {
    let desk = Desk::new();
    let program = ["/usr/bin/cat", "/bin/cat"].map(Path::new);
    let program = program.iter().find(|path| path.exists()).unwrap();
    let spec = Spec {
        program: program.into(),
        arguments: Vec::new(),
        ..desk.spec()
    };

    let output = launch(&spec, b"a plan\nand data");

    assert_eq!(lines(&output)[1..], ["a plan", "and data"]);
}

#[test]
fn without_a_whole_sandbox_nothing_is_started_unless_the_operator_says_so() {
    let desk = Desk::new();
    // Somebody else's child: the piece "death with the parent" cannot hold.
    let orphan = Spec {
        parent: 1,
        ..desk.spec()
    };

    let refused = launch(&orphan, b"");
    let told = launch(
        &Spec {
            strictness: Strictness::BestEffort,
            ..orphan
        },
        b"",
    );

    let [report] = &lines(&refused)[..] else {
        panic!("{refused:?}");
    };
    let report: Report = serde_json::from_str(report).unwrap();
    assert!(report.refused);
    assert!(!refused.status.success());
    let report: Report = serde_json::from_str(&lines(&told)[0]).unwrap();
    assert!(!report.refused);
    assert_eq!(report.missing[0].piece, Piece::ParentDeath);
    assert!(report.label().starts_with("without death with the parent"));
}

#[test]
fn a_line_that_is_no_spec_starts_nothing() {
    let mut child = Command::new(NODE)
        .arg("sandboxed")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"{\"program\":\"/bin/sh\"}\n")
        .unwrap();

    let output = child.wait_with_output().unwrap();

    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
}

#[test]
fn the_operator_can_try_it_out() {
    let desk = Desk::new();

    let (report, answers) = node::sandbox::try_out(Path::new(NODE), &desk.at("work")).unwrap();

    assert_eq!(report.label(), "whole");
    assert!(answers.work_is_writable && !answers.a_socket_opens);
    assert!(fs::read_dir(desk.at("work")).unwrap().next().is_none());
}
