//! A running simulator, a node's bundle from it, and the command line to judge it with.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(unreachable_pub, reason = "a module of tests has no other reach")]

use attestation::bundle::{Bundle, Parts};
use attestation::device::{RawReport, ReportSource};
use attestation::snp::{CertTable, KeyKind};
use attestation::{Purpose, Transcript};
use proto::Digest;
use serde_json::Value;
use simtee_client::SimulatedTee;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

pub const POLICY: &str = r#"
version = 1
assurance = ["development"]
[snp]
product_lines = ["Genoa"]
measurements = ["515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151"]
"#;
/// A running simulator and a folder to work in.
pub struct Simulator {
    process: Child,
    folder: TempDir,
}

impl Simulator {
    pub fn start(more: &[&str]) -> Self {
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
    pub fn wait_until_it_answers(&self) {
        for _ in 0..6000 {
            let root = fs::read(self.path("root.pem")).unwrap_or_default();
            if root.ends_with(b"-----END CERTIFICATE-----\n") {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the simulator wrote no root within a minute");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn tee(&self) -> SimulatedTee {
        SimulatedTee::at(&self.path("tee.sock"))
    }

    /// What a node does at boot.
    pub fn bundle(&self, transcript: &Transcript) -> Bundle {
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
    pub fn publish(&self, transcript: &Transcript, policy: &str) -> (PathBuf, PathBuf) {
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

pub fn transcript(purpose: Purpose, nonce: [u8; 32]) -> Transcript {
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

pub fn boot() -> Transcript {
    transcript(Purpose::Boot, [0; 32])
}

pub fn attest(args: &[&dyn AsRef<OsStr>]) -> (u8, String) {
    let args = args.iter().map(|arg| arg.as_ref().to_owned());
    let line = std::iter::once(OsString::from("sealtune-attest")).chain(args);
    let mut out = Vec::new();
    let status = attestation::cli::run(line, &mut out);
    let status = status.unwrap_or_else(|failure| panic!("{failure}"));
    (status, String::from_utf8(out).unwrap())
}

pub fn reasons(answer: &str) -> Vec<String> {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let reasons = answer["reasons"].as_array().unwrap().iter();
    reasons
        .map(|reason| reason.as_str().unwrap().to_owned())
        .collect()
}
