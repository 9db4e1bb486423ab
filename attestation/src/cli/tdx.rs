//! `sealtune-attest tdx`: one quote with its collateral, against Intel's root.

use super::{Exit, Failure, json, read};
use crate::tdx::{Claims, Collateral, Evidence, Judged, Policy, TcbStatus, judge};
use crate::{At, Findings, Group, Reason, VERIFIER};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Verifies an Intel TDX quote, offline.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    quote: PathBuf,
    /// Intel's collateral for the platform. Without it no quote is accepted.
    #[arg(long, value_name = "JSON")]
    collateral: Option<PathBuf>,
    /// The time to judge at; now, where it is left out.
    #[arg(long, value_name = "RFC3339", value_parser = super::moment::parse)]
    at: Option<At>,
    /// A TCB status to take beside `UpToDate`.
    #[arg(long = "allow-status", value_name = "STATUS")]
    statuses: Vec<TcbStatus>,
    /// What `REPORT_DATA` has to be.
    #[arg(long, value_name = "HEX", value_parser = report_data)]
    report_data: Option<ReportData>,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug)]
struct ReportData([u8; 64]);

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    let quote = read(&args.quote, FILE_BYTES_MAX)?;
    let collateral = args.collateral.as_deref().map(collateral).transpose()?;
    let evidence = Evidence {
        quote: &quote,
        collateral: collateral.as_ref(),
    };
    let at = args.at.unwrap_or_else(super::clock::now);
    let mut judged = judge(&evidence, &args.policy(), at);
    if let (Some(expected), Some(claims)) = (&args.report_data, &judged.claims) {
        expect_report_data(expected, claims, &mut judged.findings);
    }
    if args.json {
        json::write_line(out, &line(&judged, at))?;
    } else {
        explain(&judged, at, out)?;
    }
    Ok(Exit::of_findings(&judged.findings))
}

impl Args {
    fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        policy.tcb_statuses.extend(self.statuses.iter().copied());
        policy
    }
}

fn collateral(path: &Path) -> Result<Collateral, Failure> {
    Collateral::from_json(&read(path, FILE_BYTES_MAX)?)
        .map_err(|why| Failure::unusable(path.display(), why))
}

fn report_data(text: &str) -> Result<ReportData, String> {
    let mut bytes = [0; 64];
    hex::decode_to_slice(text.trim_start_matches("0x"), &mut bytes)
        .map_err(|_hex| "REPORT_DATA is 64 bytes in hex".to_owned())?;
    Ok(ReportData(bytes))
}

fn expect_report_data(expected: &ReportData, claims: &Claims, findings: &mut Findings) {
    if expected.0 != claims.report_data {
        let (expected, found) = (hex::encode(expected.0), hex::encode(claims.report_data));
        findings.note(Group::Workload, Reason::ReportData, expected, found);
    }
}

fn line(judged: &Judged, at: At) -> Value {
    let accepted = judged.findings.is_empty();
    let reasons = judged.findings.reasons();
    let unjudged = judged.unjudged.iter().map(|group| group.word());
    json!({
        "verdict": if accepted { "accept" } else { "reject" },
        "reasons": reasons.iter().map(|reason| reason.code()).collect::<Vec<_>>(),
        "findings": judged.findings.iter().map(json::finding).collect::<Vec<_>>(),
        "unjudged": unjudged.collect::<Vec<_>>(),
        "trust_domain": accepted.then_some("hardware(Intel)"),
        "claims": judged.claims.as_ref().map(json::tdx_claims),
        "verifier": VERIFIER,
        "at": at.to_string(),
    })
}

fn explain(judged: &Judged, at: At, out: &mut dyn Write) -> Result<(), Failure> {
    let accepted = judged.findings.is_empty();
    let verdict = if accepted { "ACCEPTED" } else { "REJECTED" };
    writeln!(out, "{verdict}, judged at {at} by {VERIFIER}")?;
    for finding in &judged.findings {
        writeln!(out, "  {finding}")?;
        writeln!(out, "    {}", finding.reason.advice())?;
    }
    let Some(claims) = &judged.claims else {
        return Ok(());
    };
    writeln!(out, "Intel TDX quote, version {}", claims.version)?;
    writeln!(out, "  MRTD {}", hex::encode(claims.registers.mrtd))?;
    for (number, register) in claims.registers.rtmr.iter().enumerate() {
        writeln!(out, "  RTMR{number} {}", hex::encode(register))?;
    }
    writeln!(out, "  REPORT_DATA {}", hex::encode(claims.report_data))?;
    match &claims.tcb {
        Some(tcb) => writeln!(out, "  platform {} as of {}", tcb.status, tcb.level_since)?,
        None => writeln!(out, "Not proven: the platform's firmware level.")?,
    }
    writeln!(
        out,
        "Not proven: which image runs in it; compare the registers with those of a release."
    )?;
    Ok(())
}
