//! The certificates beside a report: the host's, or AMD's key server's, asked once.

use attestation::At;
use attestation::kds::{AMD, Http, Kds, KdsError, Store};
use attestation::snp::{BadReport, BadTable, CertTable, KeyKind, Line, Report};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How long one answer of the key server may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Certificates of one report, in DER. The host may have written any of them; the verifier
/// believes none without a chain.
#[derive(Clone, Debug)]
pub struct Certificates {
    pub kind: KeyKind,
    pub vek: Vec<u8>,
    pub issuer: Vec<u8>,
    pub ark: Vec<u8>,
    pub crl: Option<Vec<u8>>,
}

#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("the device's report cannot be read")]
    Report(#[from] BadReport),
    #[error("the host's certificate table cannot be read")]
    Table(#[from] BadTable),
    #[error("the host gave no certificates and the processor's line is not known")]
    Line,
    #[error("the host gave no certificate for a provider's key, and no server has those")]
    Vlek,
    #[error("cannot keep certificates")]
    Store(#[source] io::Error),
    #[error("the host gave no certificates and the key server none either")]
    Kds(#[from] KdsError),
}

impl Certificates {
    /// Those of the host, completed by the key server's, kept in `folder`. Blocks.
    pub fn of(
        report: &[u8],
        table: &[u8],
        server: Option<&str>,
        folder: &Path,
        now: At,
    ) -> Result<Self, CertificateError> {
        let table = CertTable::parse(table)?;
        if let Some(whole) = Self::of_host(&table) {
            return Ok(whole);
        }
        let report = Report::parse(report)?;
        if report.signing_key() != 0 {
            return Err(CertificateError::Vlek);
        }
        Self::of_server(&report, server.unwrap_or(AMD), folder, now)
    }

    fn of_host(table: &CertTable<'_>) -> Option<Self> {
        let kind = match table.vcek {
            Some(_) => KeyKind::Vcek,
            None => KeyKind::Vlek,
        };
        Some(Self {
            kind,
            vek: table.vek()?.to_vec(),
            issuer: table.ask?.to_vec(),
            ark: table.ark?.to_vec(),
            crl: table.crl.map(<[u8]>::to_vec),
        })
    }

    fn of_server(
        report: &Report,
        server: &str,
        folder: &Path,
        now: At,
    ) -> Result<Self, CertificateError> {
        let [family, model, _stepping] = report.cpuid;
        let line = Line::from_cpuid(family, model).ok_or(CertificateError::Line)?;
        let tcb = report.reported_tcb.on(line).ok_or(CertificateError::Line)?;
        let store = Store::open(folder).map_err(CertificateError::Store)?;
        let kds = Kds::new(server, Http::with_timeout(PATIENCE), store, pause);
        let authorities = kds.authorities(line)?;
        Ok(Self {
            kind: KeyKind::Vcek,
            vek: kds.vcek(line, chip(report, line), tcb)?,
            issuer: authorities.ask,
            ark: authorities.ark,
            crl: Some(kds.crl(line, now)?),
        })
    }
}

/// Turin's ids have eight bytes.
fn chip(report: &Report, line: Line) -> &[u8] {
    match line {
        Line::Turin => &report.chip_id[..8],
        Line::Milan | Line::Genoa => &report.chip_id,
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the key server names a time to wait, and this is a thread of its own"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
