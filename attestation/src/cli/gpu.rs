//! `sealtune-attest gpu`: one device's evidence, against NVIDIA's roots.

use super::{Exit, Failure, json, read};
use crate::gpu::{CAVEAT, Claims, Evidence, Judged, Policy, Rim, RimDates, judge};
use crate::{At, Findings, VERIFIER};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Verifies an NVIDIA GPU's or switch's SPDM evidence, offline.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The SPDM request and response, as NVML returns them.
    evidence: PathBuf,
    /// The device's certificate chain, leaf first.
    #[arg(long, value_name = "PEM")]
    chain: PathBuf,
    /// The nonce the device was asked with.
    #[arg(long, value_name = "HEX", value_parser = nonce)]
    nonce: [u8; 32],
    /// A reference file, of the driver or of the VBIOS.
    #[arg(long = "rim", value_name = "FILE")]
    rims: Vec<PathBuf>,
    /// Refuse a device whose driver or VBIOS has no reference file.
    #[arg(long)]
    require_rims: bool,
    /// Refuse a reference file whose signing certificate has ended.
    #[arg(long)]
    strict_rim_dates: bool,
    /// The time to judge at; now, where it is left out.
    #[arg(long, value_name = "RFC3339", value_parser = super::moment::parse)]
    at: Option<At>,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    let report = read(&args.evidence, FILE_BYTES_MAX)?;
    let chain = read(&args.chain, FILE_BYTES_MAX)?;
    let rims = args.rims.iter().map(|path| read(path, FILE_BYTES_MAX));
    let rims = rims.collect::<Result<Vec<_>, _>>()?;
    let rims: Vec<&[u8]> = rims.iter().map(Vec::as_slice).collect();
    let mut unread = Findings::default();
    let rims = Rim::parse_all(&rims, &mut unread);
    let evidence = Evidence {
        report: &report,
        chain: &String::from_utf8_lossy(&chain),
        rims: &rims,
    };
    let at = args.at.unwrap_or_else(super::clock::now);
    let mut judged = judge(&evidence, &args.nonce, args.policy(), at);
    judged.findings.extend(unread);
    if args.json {
        json::write_line(out, &line(&judged, at))?;
    } else {
        explain(&judged, at, out)?;
    }
    Ok(Exit::of_findings(&judged.findings))
}

impl Args {
    const fn policy(&self) -> Policy {
        Policy {
            rims_required: self.require_rims,
            ignore_other_rims: false,
            rim_dates: if self.strict_rim_dates {
                RimDates::Strict
            } else {
                RimDates::SignerMayHaveEnded
            },
        }
    }
}

fn nonce(text: &str) -> Result<[u8; 32], String> {
    let mut nonce = [0; 32];
    hex::decode_to_slice(text.trim_start_matches("0x"), &mut nonce)
        .map_err(|_hex| "a nonce is 32 bytes in hex".to_owned())?;
    Ok(nonce)
}

fn line(judged: &Judged, at: At) -> Value {
    let accepted = judged.findings.is_empty();
    let reasons = judged.findings.reasons();
    json!({
        "verdict": if accepted { "accept" } else { "reject" },
        "reasons": reasons.iter().map(|reason| reason.code()).collect::<Vec<_>>(),
        "findings": judged.findings.iter().map(json::finding).collect::<Vec<_>>(),
        "trust_domain": accepted.then_some("hardware(NVIDIA)"),
        "claims": judged.claims.as_ref().map(claims),
        "not_proven": CAVEAT,
        "verifier": VERIFIER,
        "at": at.to_string(),
    })
}

pub(super) fn claims(claims: &Claims) -> Value {
    let compared = claims.compared.iter().map(|compared| {
        json!({
            "version": compared.version,
            "matched": compared.matched,
            "skipped": compared.skipped,
        })
    });
    json!({
        "kind": format!("nvidia-{}", claims.kind.word()),
        "device": claims.device,
        "certificate": claims.certificate,
        "nonce": claims.nonce,
        "driver": claims.driver,
        "vbios": claims.vbios,
        "board": claims.board,
        "fwid_stated": claims.fwid_stated,
        "measurements": claims.measurements,
        "rims": compared.collect::<Vec<_>>(),
        "rim_signer_ended": claims.rim_signer_ended,
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
    if let Some(claims) = &judged.claims {
        explain_claims(claims, out)?;
    }
    writeln!(out, "Not proven: {CAVEAT}.")?;
    Ok(())
}

fn explain_claims(claims: &Claims, out: &mut dyn Write) -> Result<(), Failure> {
    let said = |text: &Option<String>| text.as_deref().unwrap_or("none").to_owned();
    writeln!(out, "NVIDIA {}: {}", claims.kind.word(), claims.device)?;
    writeln!(out, "  driver {}", said(&claims.driver))?;
    writeln!(
        out,
        "  VBIOS {} ({})",
        said(&claims.vbios),
        said(&claims.board)
    )?;
    for compared in &claims.compared {
        writeln!(
            out,
            "  {}: {} values as NVIDIA published them, {} of engines switched off not compared",
            compared.version, compared.matched, compared.skipped
        )?;
    }
    if claims.compared.is_empty() {
        writeln!(
            out,
            "Not proven: that driver and VBIOS are as NVIDIA published them; no reference files were given."
        )?;
    }
    if claims.rim_signer_ended {
        writeln!(
            out,
            "Note: a reference file's signing certificate has ended since it signed."
        )?;
    }
    Ok(())
}
