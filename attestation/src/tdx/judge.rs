//! The judgement of one quote.

use super::certification::expect_certified;
use super::claims::{Claims, Tcb};
use super::collateral::Collateral;
use super::policy::Policy;
use super::quote::{BadQuote, Quote};
use crate::{At, Findings, Group, Reason};
use std::collections::BTreeSet;

/// `TD_ATTRIBUTES`, byte 0: debugging, and the profiling that shows as much.
const DEBUG: u8 = 0x71;
/// Byte 3: the guest, not the host, hears of touched pages it did not accept.
const SEPT_VE_DISABLE: u8 = 0x10;
const MIGRATABLE: u8 = 0x20;

/// A quote and Intel's collateral for it.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    pub quote: &'a [u8],
    pub collateral: Option<&'a Collateral>,
}

/// Everything found wrong. What `REPORT_DATA` has to be is the caller's to check: it is
/// the same question for every kind of CPU.
#[derive(Clone, Debug)]
pub struct Judged {
    pub findings: Findings,
    /// What the quote says, where its own certification holds. It is accepted only
    /// where `findings` are empty.
    pub claims: Option<Claims>,
    /// Groups that did not run.
    pub unjudged: Vec<Group>,
}

/// Judges a quote at an explicit time.
pub fn judge(evidence: &Evidence<'_>, policy: &Policy, at: At) -> Judged {
    let mut findings = Findings::default();
    let claims = authenticate(evidence, policy, at, &mut findings);
    let Some(claims) = claims else {
        let unjudged = vec![Group::Consistency, Group::Platform, Group::Workload];
        return Judged {
            findings,
            claims: None,
            unjudged,
        };
    };
    judge_platform(&claims, policy, &mut findings);
    judge_workload(&claims, policy, &mut findings);
    Judged {
        findings,
        claims: Some(claims),
        unjudged: Vec::new(),
    }
}

/// The claims of a quote that Intel's root certifies, with the TCB where the
/// collateral holds too.
fn authenticate(
    evidence: &Evidence<'_>,
    policy: &Policy,
    at: At,
    findings: &mut Findings,
) -> Option<Claims> {
    let quote = read(evidence.quote, findings)?;
    expect_no_tail(&quote, findings);
    let mut certified = Findings::default();
    let fetched = evidence.collateral.and_then(Collateral::pck_chain);
    expect_certified(&quote, fetched, at, &mut certified);
    let holds = certified.is_empty();
    findings.extend(certified);
    let tcb = judge_collateral(evidence, policy, at, findings);
    holds.then(|| Claims::read(&quote, tcb))
}

fn judge_collateral(
    evidence: &Evidence<'_>,
    policy: &Policy,
    at: At,
    findings: &mut Findings,
) -> Option<Tcb> {
    let Some(collateral) = evidence.collateral else {
        let expected = "Intel's collateral for this platform";
        findings.note(
            Group::Authenticity,
            Reason::CollateralMissing,
            expected,
            "none",
        );
        return None;
    };
    collateral.expect_current(at, findings);
    collateral
        .verify(evidence.quote, at, policy.allow_service_tds, findings)
        .map(Tcb::from)
}

fn read(bytes: &[u8], findings: &mut Findings) -> Option<Quote> {
    let error = match Quote::parse(bytes) {
        Ok(quote) => return Some(quote),
        Err(error) => error,
    };
    let reason = match error {
        BadQuote::TooLong(_) | BadQuote::Shape => Reason::Length,
        BadQuote::Version(_) => Reason::Version,
        BadQuote::Tee(_) => Reason::TdxQuote,
    };
    findings.note(
        Group::Authenticity,
        reason,
        "a TDX quote of version 4 or 5",
        error,
    );
    None
}

fn expect_no_tail(quote: &Quote, findings: &mut Findings) {
    if quote.tail.iter().any(|&byte| byte != 0) {
        let found = format!("{} bytes more", quote.tail.len());
        let expected = "a quote with nothing behind it but zeros";
        findings.note(Group::Authenticity, Reason::Length, expected, found);
    }
}

fn judge_platform(claims: &Claims, policy: &Policy, findings: &mut Findings) {
    let [debug, _, _, security, ..] = claims.attributes;
    let attributes = hex::encode(claims.attributes);
    if debug & DEBUG != 0 && !policy.allow_debug {
        let expected = "TD attributes without debugging and profiling";
        findings.note(Group::Platform, Reason::PolicyDebug, expected, &attributes);
    }
    if security & SEPT_VE_DISABLE == 0 {
        let expected = "TD attributes with SEPT_VE_DISABLE";
        findings.note(Group::Platform, Reason::PolicyBits, expected, &attributes);
    }
    let service_tds = claims
        .registers
        .service_tds
        .is_some_and(|tds| tds != [0; 48]);
    if (security & MIGRATABLE != 0 || service_tds) && !policy.allow_service_tds {
        let expected = "a guest no service TD is bound to";
        findings.note(
            Group::Platform,
            Reason::PolicyMigrate,
            expected,
            &attributes,
        );
    }
    if let Some(tcb) = &claims.tcb {
        judge_tcb(tcb, policy, findings);
    }
}

fn judge_tcb(tcb: &Tcb, policy: &Policy, findings: &mut Findings) {
    if !policy.tcb_statuses.contains(&tcb.status) {
        let allowed: Vec<&str> = policy
            .tcb_statuses
            .iter()
            .map(|status| status.word())
            .collect();
        let found = format!("{} {}", tcb.status, tcb.advisories.join(" "));
        findings.note(
            Group::Platform,
            Reason::TcbStatus,
            allowed.join(" or "),
            found.trim_end(),
        );
    }
    for advisory in &tcb.advisories {
        if policy.refused_advisories.contains(advisory) {
            let expected = format!("a platform without {advisory}");
            findings.note(Group::Platform, Reason::TcbStatus, expected, tcb.status);
        }
    }
}

fn judge_workload(claims: &Claims, policy: &Policy, findings: &mut Findings) {
    let registers = &claims.registers;
    expect_one_of("MRTD", policy.mrtd.as_ref(), &registers.mrtd, findings);
    for (number, (allowed, found)) in policy.rtmr.iter().zip(&registers.rtmr).enumerate() {
        expect_one_of(&format!("RTMR{number}"), allowed.as_ref(), found, findings);
    }
    let configured = [
        ("MRCONFIGID", policy.mr_config_id, registers.mr_config_id),
        ("MROWNER", policy.mr_owner, registers.mr_owner),
    ];
    for (name, expected, found) in configured {
        let Some(expected) = expected.filter(|&expected| expected != found) else {
            continue;
        };
        let expected = format!("{name} {}", hex::encode(expected));
        findings.note(
            Group::Workload,
            Reason::HostData,
            expected,
            hex::encode(found),
        );
    }
}

fn expect_one_of(
    name: &str,
    allowed: Option<&BTreeSet<[u8; 48]>>,
    found: &[u8; 48],
    findings: &mut Findings,
) {
    let Some(allowed) = allowed.filter(|allowed| !allowed.contains(found)) else {
        return;
    };
    let listed: Vec<String> = allowed.iter().map(hex::encode).collect();
    let expected = format!("{name} {}", listed.join(" or "));
    findings.note(
        Group::Workload,
        Reason::Measurement,
        expected,
        hex::encode(found),
    );
}
