//! A simulated machine that all nodes of these tests run in.

use crate::node::{BOOT, CONFIG, TLS};
use attestation::snp::Line;
use attestation::{Purpose, Transcript};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::attestation::{CpuEvidence, Evidence, SnpEvidence};
use proto::{Blob, Digest, List};
use simtee::{Identity, Machine, ReportVersion, SyntheticRoot};
use std::sync::LazyLock;
use std::time::SystemTime;

pub(crate) const POLICY: &str = r#"
version = 1
assurance = ["development"]
[snp]
product_lines = ["Genoa"]
measurements = ["515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151"]
"#;

static MACHINE: LazyLock<Machine> = LazyLock::new(|| {
    let root = SyntheticRoot::generate(Line::Genoa, now()).unwrap();
    let identity = Identity {
        measurement: [0x51; 48],
        host_data: [0; 32],
        version: ReportVersion::V3,
        csp: None,
    };
    Machine::start(root, identity).unwrap()
});

#[allow(
    clippy::disallowed_methods,
    reason = "the broker's process has the system's clock, and so have its nodes"
)]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// The root all evidence ends in, PEM.
pub(crate) fn root() -> String {
    let body = STANDARD.encode(MACHINE.root().ark());
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}

pub(crate) fn prove(purpose: Purpose, nonce: [u8; 32], signer: [u8; 33]) -> Evidence {
    let machine = &*MACHINE;
    let transcript = Transcript {
        purpose,
        nonce,
        signer,
        tls_key: TLS,
        devices: Digest::default(),
        config: CONFIG,
        boot_id: BOOT.0,
    };
    let blob = |bytes: &[u8]| Blob::try_from(bytes).unwrap();
    let root = machine.root();
    Evidence {
        cpu: CpuEvidence::Snp(SnpEvidence {
            report: Blob::new(machine.report(&transcript.report_data()).unwrap()).unwrap(),
            certificate_table: Blob::new(machine.table()).unwrap(),
            vek: blob(machine.vek()),
            ask: blob(root.issuer(machine.kind())),
            ark: blob(root.ark()),
            crl: Blob::new(root.crl().unwrap()).unwrap(),
        }),
        transcript: Blob::new(transcript.to_bytes()).unwrap(),
        gpus: List::default(),
        rims: List::default(),
    }
}
