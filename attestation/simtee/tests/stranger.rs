//! A stranger verifies a bundle: against the simulator's root, against AMD's, and with
//! stock OpenSSL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test says what went wrong by failing, and looks for another process's file now and then"
)]

use attestation::bundle::{Bundle, Parts};
use attestation::device::{RawReport, ReportSource};
use attestation::snp::{CertTable, KeyKind};
use attestation::{At, Policy, Purpose, Transcript, TrustRoots};
use proto::Digest;
use serde_json::Value;
use simtee_client::SimulatedTee;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const POLICY: &str = r#"
version = 1
assurance = ["development"]
[snp]
product_lines = ["Genoa"]
measurements = ["515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151"]
"#;
const WRONG: &str = "ab";

/// A running simulator and a folder to work in.
struct Simulator {
    process: Child,
    folder: TempDir,
}

impl Simulator {
    fn start(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let process = Command::new(env!("CARGO_BIN_EXE_sealtune-simtee"))
            .arg("--socket")
            .arg(path("tee.sock"))
            .arg("--root-out")
            .arg(path("root.pem"))
            .arg("--crl-out")
            .arg(path("crl.der"))
            .args(more)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let simulator = Self { process, folder };
        simulator.wait_until_it_answers();
        simulator
    }

    /// The root is written when everything else is ready.
    fn wait_until_it_answers(&self) {
        for _ in 0..6000 {
            let root = fs::read(self.path("root.pem")).unwrap_or_default();
            if root.ends_with(b"-----END CERTIFICATE-----\n") {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the simulator wrote no root within a minute");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tee(&self) -> SimulatedTee {
        SimulatedTee::at(&self.path("tee.sock"))
    }

    /// What a node does at boot.
    fn bundle(&self, transcript: &Transcript) -> Bundle {
        let RawReport::Snp { report, table } =
            self.tee().report(&transcript.report_data()).unwrap()
        else {
            panic!("the simulator is an SNP machine");
        };
        let table = CertTable::parse(&table).unwrap();
        let parts = Parts {
            report,
            kind: match table.vlek {
                Some(_) => KeyKind::Vlek,
                None => KeyKind::Vcek,
            },
            vek: table.vek().unwrap().to_vec(),
            issuer: table.ask.unwrap().to_vec(),
            ark: table.ark.unwrap().to_vec(),
            crl: Some(fs::read(self.path("crl.der")).unwrap()),
            transcript: Some(transcript.clone()),
            devices: Vec::new(),
        };
        Bundle::build(&parts).unwrap()
    }

    /// A bundle on disk, and a policy beside it.
    fn publish(&self, transcript: &Transcript, policy: &str) -> (PathBuf, PathBuf) {
        let (bundle, file) = (self.path("bundle"), self.path("policy.toml"));
        self.bundle(transcript).write(&bundle).unwrap();
        fs::write(&file, policy).unwrap();
        (bundle, file)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn transcript(purpose: Purpose, nonce: [u8; 32]) -> Transcript {
    let mut signer = [9; 33];
    signer[0] = 3;
    Transcript {
        purpose,
        nonce,
        signer,
        tls_key: Digest([1; 32]),
        devices: Digest::default(),
        config: Digest([2; 32]),
        boot_id: [3; 16],
    }
}

fn boot() -> Transcript {
    transcript(Purpose::Boot, [0; 32])
}

fn attest(args: &[&dyn AsRef<OsStr>]) -> (u8, String) {
    let args = args.iter().map(|arg| arg.as_ref().to_owned());
    let line = std::iter::once(OsString::from("sealtune-attest")).chain(args);
    let mut out = Vec::new();
    let status = attestation::cli::run(line, &mut out);
    let status = status.unwrap_or_else(|failure| panic!("{failure}"));
    (status, String::from_utf8(out).unwrap())
}

fn reasons(answer: &str) -> Vec<String> {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let reasons = answer["reasons"].as_array().unwrap().iter();
    reasons
        .map(|reason| reason.as_str().unwrap().to_owned())
        .collect()
}

fn openssl(folder: &Path, args: &[&str]) -> bool {
    let run = Command::new("openssl")
        .current_dir(folder)
        .args(args)
        .output();
    run.expect("openssl can be run").status.success()
}

#[test]
fn a_stranger_believes_the_simulator_only_by_its_own_root_and_is_told_so() {
    let simulator = Simulator::start(&[]);
    let (bundle, policy) = simulator.publish(&boot(), POLICY);
    let root = simulator.path("root.pem");

    let (status, text) = attest(&[
        &"verify",
        &bundle,
        &"--policy",
        &policy,
        &"--development-root",
        &root,
    ]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("ACCEPTED"), "{text}");
    assert!(text.contains("Who vouches: NOBODY"), "{text}");
    assert!(text.contains(&hex::encode(boot().signer)), "{text}");
    assert!(text.contains("that the machine is alive now"), "{text}");

    let (status, text) = attest(&[&"verify", &bundle, &"--policy", &policy]);
    assert_eq!(status, 10, "{text}");
    assert!(text.contains("REFUSED"), "{text}");
    assert!(text.contains("E_ROOT_UNTRUSTED"), "{text}");
    assert!(text.contains("anybody can make such a root"), "{text}");
    assert!(text.contains("nobody this verifier trusts"), "{text}");
}

#[test]
fn a_production_policy_refuses_the_simulator_even_by_its_own_root() {
    let simulator = Simulator::start(&[]);
    let production = POLICY.replace("[\"development\"]", "[\"chip\"]");
    let (bundle, policy) = simulator.publish(&boot(), &production);
    let root = simulator.path("root.pem");

    let (status, answer) = attest(&[
        &"verify",
        &bundle,
        &"--policy",
        &policy,
        &"--development-root",
        &root,
        &"--json",
    ]);

    assert_eq!(
        (status, reasons(&answer)),
        (20, vec!["E_ASSURANCE_NOT_ALLOWED".to_owned()])
    );
}

#[test]
fn a_nonce_is_proven_and_another_is_not() {
    let simulator = Simulator::start(&["--report-version", "3"]);
    let challenge = transcript(Purpose::Challenge, [0xcd; 32]);
    let (bundle, policy) = simulator.publish(&challenge, POLICY);
    let root = simulator.path("root.pem");
    let with = |nonce: String| {
        attest(&[
            &"verify",
            &bundle,
            &"--policy",
            &policy,
            &"--development-root",
            &root,
            &"--json",
            &"--nonce",
            &nonce,
        ])
    };

    assert_eq!(with("cd".repeat(32)).0, 0);
    let (status, answer) = with(WRONG.repeat(32));
    assert_eq!(
        (status, reasons(&answer)),
        (20, vec!["E_REPORT_DATA".to_owned()])
    );
}

#[test]
fn a_bundle_whose_files_were_exchanged_is_refused() {
    let simulator = Simulator::start(&[]);
    let (bundle, policy) = simulator.publish(&boot(), POLICY);
    let root = simulator.path("root.pem");
    let other = transcript(Purpose::Boot, [0; 32]);
    let other = Transcript {
        signer: [2; 33],
        ..other
    };
    fs::write(
        bundle.join("transcript.json"),
        serde_json::to_vec(&other).unwrap(),
    )
    .unwrap();

    let (status, answer) = attest(&[
        &"verify",
        &bundle,
        &"--policy",
        &policy,
        &"--development-root",
        &root,
        &"--json",
    ]);

    assert_eq!(status, 10);
    assert_eq!(reasons(&answer), ["E_REPORT_DATA", "E_BUNDLE"]);
}

#[test]
fn a_bundle_is_the_same_as_a_folder_and_as_an_archive() {
    let simulator = Simulator::start(&[]);
    let (folder, policy) = simulator.publish(&boot(), POLICY);
    let (archive, root) = (simulator.path("bundle.tar"), simulator.path("root.pem"));
    let bundle = Bundle::read(&folder).unwrap();
    fs::write(&archive, bundle.to_archive()).unwrap();

    assert_eq!(Bundle::read(&archive).unwrap().files(), bundle.files());
    let (status, text) = attest(&[
        &"verify",
        &archive,
        &"--policy",
        &policy,
        &"--development-root",
        &root,
    ]);
    assert_eq!(status, 0, "{text}");
    let unpacked = tempfile::tempdir().unwrap();
    let tar = Command::new("tar")
        .arg("-xf")
        .arg(&archive)
        .current_dir(&unpacked)
        .status();
    assert!(tar.unwrap().success());
    assert_eq!(
        Bundle::read(unpacked.path()).unwrap().files(),
        bundle.files()
    );
}

#[test]
fn no_file_of_a_bundle_can_be_changed() {
    let simulator = Simulator::start(&[]);
    let policy = Policy::from_toml(POLICY).unwrap();
    let root = fs::read_to_string(simulator.path("root.pem")).unwrap();
    let (_label, root) = der::Document::from_pem(&root).unwrap();
    let roots = TrustRoots::only([root.as_bytes()]).unwrap();
    let bundle = simulator.bundle(&boot());
    let accepts = |files: BTreeMap<String, Vec<u8>>| {
        Bundle::from_files(files)
            .is_ok_and(|bundle| bundle.verify(&policy, &roots, now()).is_accepted())
    };

    assert!(accepts(bundle.files().clone()));
    for (name, content) in bundle.files() {
        for at in [0, content.len() / 2, content.len() - 1] {
            let mut files = bundle.files().clone();
            files.get_mut(name).unwrap()[at] ^= 1;
            assert!(!accepts(files), "{name} changed at {at}");
        }
        let mut files = bundle.files().clone();
        files.remove(name);
        assert!(!accepts(files), "{name} removed");
    }
    let mut files = bundle.files().clone();
    files.insert("stray".to_owned(), vec![1]);
    assert!(!accepts(files), "a stray file");
}

#[allow(
    clippy::disallowed_methods,
    reason = "the simulator's certificates begin today"
)]
fn now() -> At {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    At(since.unwrap().as_secs())
}

#[test]
fn stock_openssl_accepts_the_bundle() {
    let simulator = Simulator::start(&[]);
    let (bundle, _policy) = simulator.publish(&boot(), POLICY);

    let chain = [
        "verify",
        "-CAfile",
        "ark.pem",
        "-untrusted",
        "ask.pem",
        "vcek.der",
    ];
    assert!(openssl(&bundle, &chain));
    let key = [
        "x509", "-inform", "der", "-in", "vcek.der", "-pubkey", "-noout", "-out", "vcek.pub",
    ];
    assert!(openssl(&bundle, &key));
    let signature = |file| {
        let args = [
            "dgst",
            "-sha384",
            "-verify",
            "vcek.pub",
            "-signature",
            "report.sig.der",
            file,
        ];
        openssl(&bundle, &args)
    };
    assert!(signature("report.signed.bin"));
    assert!(!signature("report.bin"));
    let list = [
        "crl", "-inform", "der", "-in", "crl.der", "-CAfile", "ark.pem", "-noout",
    ];
    assert!(openssl(&bundle, &list));
}

#[test]
fn a_vlek_of_a_simulated_turin_is_judged_as_its_own_kind() {
    let simulator = Simulator::start(&["--line", "Turin", "--csp", "CN=simulated"]);
    let policy = POLICY.replace("\"Genoa\"", "\"Turin\"");
    let allowed = format!("{policy}signing_keys = [\"vlek\"]\ncsp_ids = [\"CN=simulated\"]\n");
    let root = simulator.path("root.pem");
    let verify = |policy: &str| {
        let (bundle, policy) = simulator.publish(&boot(), policy);
        attest(&[
            &"verify",
            &bundle,
            &"--policy",
            &policy,
            &"--development-root",
            &root,
            &"--json",
        ])
    };

    let (status, answer) = verify(&allowed);
    assert_eq!(status, 0, "{answer}");
    let (status, answer) = verify(&policy);
    assert_eq!(
        (status, reasons(&answer)),
        (20, vec!["E_SIGNER_KIND".to_owned()])
    );
}

#[test]
fn a_restart_of_the_guest_finds_the_same_derived_key() {
    let simulator = Simulator::start(&[]);
    let key = || simulator.tee().derived_key().unwrap();

    assert_eq!(*key().0, *key().0);
    assert_ne!(*key().0, [0; 32]);
}
