//! `sealtune-attest table`: the certificate table of an extended report.

use super::{Exit, Failure, json, read};
use crate::snp::{CertTable, TABLE_BYTES_MAX, table_findings};
use crate::{Findings, Group, Reason};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

/// Reads a certificate table and checks that its certificates belong together.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The table, without the report before it.
    file: PathBuf,
    /// One line of JSON instead of words.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    let bound = u64::try_from(TABLE_BYTES_MAX).unwrap_or(u64::MAX);
    let bytes = read(&args.file, bound.saturating_add(1))?;
    let (table, findings) = judge(&bytes);
    let answer = answer(table.as_ref(), &findings);
    if args.json {
        json::write_line(out, &answer)?;
    } else {
        writeln!(out, "{answer:#}")?;
    }
    Ok(if findings.is_empty() {
        Exit::Accepted
    } else {
        Exit::EvidenceRejected
    })
}

fn judge(bytes: &[u8]) -> (Option<CertTable<'_>>, Findings) {
    match CertTable::parse(bytes) {
        Ok(table) => (Some(table), table_findings(&table)),
        Err(why) => {
            let mut findings = Findings::default();
            let expected = "a well-formed table";
            findings.note(Group::Authenticity, Reason::CertTable, expected, why);
            (None, findings)
        }
    }
}

fn answer(table: Option<&CertTable<'_>>, findings: &Findings) -> Value {
    let verdict = match table {
        Some(table) if table.is_empty() => "no-certs",
        Some(_) if findings.is_empty() => "accept",
        Some(_) | None => "reject",
    };
    let reasons = findings.reasons();
    json!({
        "verdict": verdict,
        "reasons": reasons.iter().map(|reason| reason.code()).collect::<Vec<_>>(),
        "findings": findings.iter().map(json::finding).collect::<Vec<_>>(),
        "certificates": table.map(certificates),
        "unknown_entries": table.map(|table| table.unknown),
    })
}

fn certificates(table: &CertTable<'_>) -> Value {
    let length = |der: Option<&[u8]>| der.map(<[u8]>::len);
    json!({
        "vcek": length(table.vcek),
        "vlek": length(table.vlek),
        "ask": length(table.ask),
        "ark": length(table.ark),
        "crl": length(table.crl),
    })
}
