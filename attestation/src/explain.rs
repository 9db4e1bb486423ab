//! Verdicts for people: what was proven, by whom, and what was not.

use crate::{
    Attested, Binding, Claims, Finding, Group, Judgement, Policy, Rejection, Transcript,
    TrustDomain, Verdict, gpu, snp, tdx,
};
use std::io::{self, Write};

/// Writes the whole of it: the verdict, and what it rests on.
pub fn explain(
    out: &mut dyn Write,
    verdict: &Verdict,
    devices: &[&gpu::Claims],
    policy: &Policy,
) -> io::Result<()> {
    match verdict {
        Verdict::Accepted(attested) => accepted(out, attested, devices, policy),
        Verdict::Rejected(rejection) => rejected(out, rejection),
    }
}

fn accepted(
    out: &mut dyn Write,
    attested: &Attested,
    devices: &[&gpu::Claims],
    policy: &Policy,
) -> io::Result<()> {
    writeln!(out, "ACCEPTED\n")?;
    writeln!(out, "Who vouches: {}", voucher(attested.domain()))?;
    writeln!(
        out,
        "What that is worth: {}\n",
        attested.assurance().explanation()
    )?;
    writeln!(out, "Proven:")?;
    match attested.claims() {
        Claims::Snp(claims) => snp_proven(out, claims)?,
        Claims::Tdx(claims) => tdx_proven(out, claims)?,
    }
    if let Some(transcript) = attested.bound() {
        bound(out, transcript)?;
    }
    for device in devices {
        device_proven(out, device)?;
    }
    writeln!(out, "\nNot proven:")?;
    for line in not_proven(attested, devices, policy) {
        writeln!(out, "  - {line}")?;
    }
    judged(out, attested.judgement())
}

fn voucher(domain: TrustDomain) -> String {
    match domain {
        TrustDomain::Hardware(vendor) => {
            format!("{}, by a root built into this verifier", vendor.name())
        }
        TrustDomain::Development(root) => format!(
            "NOBODY. A development root that you named: {root}\n  \
             This is a simulated machine; whoever runs it can read everything in it."
        ),
    }
}

fn snp_proven(out: &mut dyn Write, claims: &snp::Claims) -> io::Result<()> {
    let report = &claims.report;
    let signer = match &claims.csp {
        Some(csp) => format!("some machine of {csp}"),
        None => format!("the chip {}", short(&report.chip_id)),
    };
    writeln!(
        out,
        "  - an AMD {} SEV-SNP guest, report signed by {signer}",
        claims.line
    )?;
    writeln!(
        out,
        "  - image (launch digest): {}",
        hex::encode(report.measurement)
    )?;
    writeln!(
        out,
        "  - this start of the guest: {}",
        short(&report.report_id)
    )?;
    writeln!(
        out,
        "  - started with guest policy {:#x}, asked at VMPL {}",
        report.policy, report.vmpl
    )?;
    writeln!(out, "  - firmware {} committed", report.committed_firmware)?;
    match claims.standing.outdated_since() {
        None => writeln!(
            out,
            "  - up to date with every bulletin this verifier knows"
        ),
        Some(since) => {
            let open = claims.standing.open.iter();
            let open: Vec<_> = open.map(|bulletin| bulletin.id.as_str()).collect();
            writeln!(out, "  - OUT OF DATE since {since}: {}", open.join(", "))
        }
    }
}

fn tdx_proven(out: &mut dyn Write, claims: &tdx::Claims) -> io::Result<()> {
    let registers = &claims.registers;
    writeln!(out, "  - an Intel TDX guest")?;
    writeln!(out, "  - firmware (MRTD): {}", hex::encode(registers.mrtd))?;
    for (number, value) in registers.rtmr.iter().enumerate() {
        writeln!(out, "  - RTMR{number}: {}", hex::encode(value))?;
    }
    if let Some(tcb) = &claims.tcb {
        let (status, since) = (tcb.status.word(), &tcb.level_since);
        writeln!(
            out,
            "  - Intel calls its TCB {status}, at the level of {since}"
        )?;
    }
    Ok(())
}

fn device_proven(out: &mut dyn Write, device: &gpu::Claims) -> io::Result<()> {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let (driver, vbios) = (or_none(&device.driver), or_none(&device.vbios));
    let (kind, name) = (device.kind.word(), &device.device);
    writeln!(
        out,
        "  - an NVIDIA {kind}, {name}: driver {driver}, VBIOS {vbios}"
    )
}

fn bound(out: &mut dyn Write, transcript: &Transcript) -> io::Result<()> {
    writeln!(
        out,
        "  - this guest made the report for: {}",
        transcript.purpose.word()
    )?;
    writeln!(
        out,
        "  - its signing key: {}",
        hex::encode(transcript.signer)
    )?;
    writeln!(
        out,
        "  - its configuration (SHA-256): {}",
        transcript.config
    )?;
    writeln!(
        out,
        "  - evidence of its devices (SHA-256): {}",
        transcript.devices
    )
}

fn not_proven(attested: &Attested, devices: &[&gpu::Claims], policy: &Policy) -> Vec<String> {
    let mut lines = vec!["that nobody with physical access listens on the memory bus".to_owned()];
    match &policy.binding {
        Binding::Transcript { nonce: Some(_), .. } => {}
        Binding::Transcript { nonce: None, .. } => lines.push(
            "that the machine is alive now: ask it for a report over a nonce of yours and pass --nonce"
                .to_owned(),
        ),
        Binding::Unchecked | Binding::Exactly(_) => {
            lines.push("which key the machine holds: the policy does not ask".to_owned());
        }
    }
    lines.extend(match attested.claims() {
        Claims::Snp(_) => snp_not_proven(&policy.snp),
        Claims::Tdx(_) => tdx_not_proven(&policy.tdx),
    });
    lines.push(if devices.is_empty() {
        "that it has a GPU, or which: no evidence of one was proven".to_owned()
    } else {
        gpu::CAVEAT.to_owned()
    });
    let unknown = devices.iter().any(|device| device.compared.is_empty());
    if unknown {
        lines.push("that a GPU runs NVIDIA's driver and VBIOS: pass --rim to compare".to_owned());
    }
    lines
}

fn snp_not_proven(policy: &snp::Policy) -> Vec<String> {
    let mut lines = Vec::new();
    if policy.measurements.is_none() {
        lines.push("that the image is one you know: the policy does not check it".to_owned());
    }
    if policy.host_data.is_none() {
        lines.push(
            "what the host configured at launch (HOST_DATA): the policy does not check it"
                .to_owned(),
        );
    }
    if policy.crl == snp::Crl::Ignore {
        lines.push("that no certificate was revoked: the policy does not check it".to_owned());
    }
    lines
}

fn tdx_not_proven(policy: &tdx::Policy) -> Vec<String> {
    let registers = [("MRTD", &policy.mrtd)].into_iter();
    let names = ["RTMR0", "RTMR1", "RTMR2", "RTMR3"];
    let unchecked = registers.chain(names.into_iter().zip(&policy.rtmr));
    unchecked
        .filter(|(_, allowed)| allowed.is_none())
        .map(|(name, _)| format!("that {name} is one you know: the policy does not check it"))
        .collect()
}

fn rejected(out: &mut dyn Write, rejection: &Rejection) -> io::Result<()> {
    writeln!(out, "REFUSED\n")?;
    for finding in &rejection.findings {
        write_finding(out, finding)?;
    }
    if !rejection.unjudged.is_empty() {
        let groups: Vec<_> = rejection
            .unjudged
            .iter()
            .map(|group| group.word())
            .collect();
        writeln!(
            out,
            "Not judged, because nothing the report says can be believed: {}.",
            groups.join(", ")
        )?;
    }
    match rejection.domain {
        Some(domain) => writeln!(out, "Who vouches: {}", voucher(domain))?,
        None => writeln!(out, "Who vouches: nobody this verifier trusts.")?,
    }
    judged(out, &rejection.judgement)
}

fn write_finding(out: &mut dyn Write, finding: &Finding) -> io::Result<()> {
    let reason = finding.reason;
    writeln!(out, "{reason} ({}): {}", job(finding.group), reason.text())?;
    writeln!(out, "  expected: {}", finding.expected)?;
    writeln!(out, "  found:    {}", finding.found)?;
    writeln!(out, "  do:       {}\n", reason.advice())
}

const fn job(group: Group) -> &'static str {
    match group {
        Group::Authenticity => "is it authentic",
        Group::Consistency => "does it tell one story",
        Group::Platform => "is the machine acceptable",
        Group::Workload => "is the guest the expected one",
    }
}

fn judged(out: &mut dyn Write, judgement: &Judgement) -> io::Result<()> {
    writeln!(
        out,
        "\nJudged at {} by {} under policy {}",
        judgement.at, judgement.verifier, judgement.policy
    )
}

/// The first eight bytes: enough to tell machines apart by eye.
fn short(id: &[u8]) -> String {
    let (first, rest) = id.split_at_checked(8).unwrap_or((id, &[]));
    let more = if rest.iter().any(|&byte| byte != 0) {
        "…"
    } else {
        ""
    };
    format!("{}{more}", hex::encode(first))
}
