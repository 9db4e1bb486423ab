//! Verdicts as one line of JSON.

use crate::{Attested, Claims, Finding, Judgement, Rejection, Verdict};
use crate::{gpu, snp, tdx};
use serde_json::{Value, json};
use std::io::{self, Write};

pub(super) fn write_line(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    writeln!(out, "{value}")
}

pub(super) fn verdict(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Accepted(attested) => accepted(attested),
        Verdict::Rejected(rejection) => rejected(rejection),
    }
}

/// The same, with what is proven of the machine's devices.
pub(super) fn verdict_with_devices(verdict: &Verdict, devices: &[&gpu::Claims]) -> Value {
    let mut value = self::verdict(verdict);
    let devices = devices.iter().map(|device| super::gpu::claims(device));
    add(
        &mut value,
        json!({ "devices": devices.collect::<Vec<_>>() }),
    );
    value
}

fn accepted(attested: &Attested) -> Value {
    let mut value = json!({
        "verdict": "accept",
        "reasons": [],
        "trust_domain": attested.domain().to_string(),
        "assurance": attested.assurance().word(),
        "claims": claims(attested.claims()),
        "transcript": attested.bound(),
    });
    add(&mut value, judgement(attested.judgement()));
    value
}

fn rejected(rejection: &Rejection) -> Value {
    let reasons = rejection.findings.reasons();
    let unjudged = rejection.unjudged.iter().map(|group| group.word());
    let mut value = json!({
        "verdict": "reject",
        "reasons": reasons.iter().map(|reason| reason.code()).collect::<Vec<_>>(),
        "findings": rejection.findings.iter().map(finding).collect::<Vec<_>>(),
        "unjudged": unjudged.collect::<Vec<_>>(),
        "trust_domain": rejection.domain.map(|domain| domain.to_string()),
        "assurance": rejection.assurance.map(crate::Assurance::word),
    });
    add(&mut value, judgement(&rejection.judgement));
    value
}

pub(super) fn finding(finding: &Finding) -> Value {
    json!({
        "reason": finding.reason.code(),
        "group": finding.group.word(),
        "text": finding.reason.text(),
        "expected": finding.expected,
        "found": finding.found,
        "advice": finding.reason.advice(),
    })
}

fn judgement(judgement: &Judgement) -> Value {
    json!({
        "policy": judgement.policy.to_string(),
        "verifier": judgement.verifier,
        "at": judgement.at.to_string(),
    })
}

fn claims(claims: &Claims) -> Value {
    match claims {
        Claims::Snp(claims) => snp_claims(claims),
        Claims::Tdx(claims) => tdx_claims(claims),
    }
}

fn snp_claims(claims: &snp::Claims) -> Value {
    let report = &claims.report;
    json!({
        "kind": "amd-sev-snp",
        "product_line": claims.line.name(),
        "signing_key": claims.key.name(),
        "csp_id": claims.csp,
        "report_version": report.version,
        "measurement": hex::encode(report.measurement),
        "host_data": hex::encode(report.host_data),
        "report_data": hex::encode(report.report_data),
        "report_id": hex::encode(report.report_id),
        "chip_id": hex::encode(report.chip_id),
        "guest_policy": format!("{:#x}", report.policy),
        "guest_svn": report.guest_svn,
        "vmpl": report.vmpl,
        "platform_info": format!("{:#x}", report.platform_info),
        "reported_tcb": report.reported_tcb.to_string(),
        "committed_firmware": report.committed_firmware.to_string(),
        "up_to_date": claims.standing.open.is_empty(),
        "outdated_since": claims.standing.outdated_since().map(|since| since.to_string()),
        "open_bulletins": claims.standing.open.iter().map(|bulletin| &bulletin.id).collect::<Vec<_>>(),
    })
}

pub(super) fn tdx_claims(claims: &tdx::Claims) -> Value {
    let registers = &claims.registers;
    let tcb = claims.tcb.as_ref();
    json!({
        "kind": "intel-tdx",
        "quote_version": claims.version,
        "td_attributes": hex::encode(claims.attributes),
        "xfam": hex::encode(claims.xfam),
        "mr_seam": hex::encode(registers.mr_seam),
        "mrtd": hex::encode(registers.mrtd),
        "rtmr": registers.rtmr.iter().map(hex::encode).collect::<Vec<_>>(),
        "mr_config_id": hex::encode(registers.mr_config_id),
        "mr_owner": hex::encode(registers.mr_owner),
        "mr_owner_config": hex::encode(registers.mr_owner_config),
        "service_tds": registers.service_tds.map(hex::encode),
        "report_data": hex::encode(claims.report_data),
        "tcb_status": tcb.map(|tcb| tcb.status.word()),
        "advisories": tcb.map(|tcb| &tcb.advisories),
        "fmspc": tcb.map(|tcb| hex::encode(tcb.fmspc)),
        "tcb_level_since": tcb.map(|tcb| tcb.level_since.to_string()),
        "collateral_until": tcb.map(|tcb| tcb.collateral_until.to_string()),
    })
}

fn add(value: &mut Value, more: Value) {
    if let (Value::Object(value), Value::Object(more)) = (value, more) {
        value.extend(more);
    }
}
