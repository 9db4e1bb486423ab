//! Every field of an AMD SEV-SNP report.

use super::row::{Row, Section, named_bits, row};
use super::{Failure, Path};
use crate::snp::{BadReport, Firmware, Line, REPORT_LENGTH, Report, TcbWord};

/// Azure's paravisor puts a header of 32 bytes before the report.
const HCL_MAGIC: &[u8] = b"HCLA";
const HCL_HEADER: usize = 0x20;

const POLICY_BITS: [(u32, &str); 10] = [
    (16, "SMT allowed"),
    (17, "reserved, must be one"),
    (18, "migration agent allowed"),
    (19, "DEBUG allowed: the host can read the guest's memory"),
    (20, "single socket only"),
    (21, "CXL allowed"),
    (22, "AES-256-XTS required"),
    (23, "RAPL disabled"),
    (24, "ciphertext hiding required"),
    (25, "page swap disabled"),
];
const PLATFORM_BITS: [(u32, &str); 7] = [
    (0, "SMT on"),
    (1, "TSME on"),
    (2, "ECC memory"),
    (3, "RAPL disabled"),
    (4, "ciphertext hiding on"),
    (5, "memory aliases checked (BadRAM)"),
    (7, "trusted I/O on"),
];

/// A report, alone or followed by a certificate table, or Azure's HCL report.
pub(super) fn section(path: &Path, bytes: &[u8]) -> Result<Section, Failure> {
    let report = Report::parse(report_in(bytes))
        .map_err(|why: BadReport| Failure::caused(path.display(), &why))?;
    Ok(Section {
        title: "An AMD SEV-SNP attestation report".to_owned(),
        rows: rows(&report),
    })
}

fn report_in(bytes: &[u8]) -> &[u8] {
    let start = if bytes.starts_with(HCL_MAGIC) {
        HCL_HEADER
    } else {
        0
    };
    let tail = bytes.get(start..).unwrap_or_default();
    tail.get(..REPORT_LENGTH).unwrap_or(tail)
}

fn rows(report: &Report) -> Vec<Row> {
    [
        identity(report),
        guest(report),
        keys(report),
        firmware(report),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn identity(report: &Report) -> Vec<Row> {
    let [family, model, stepping] = report.cpuid;
    let line = Line::from_cpuid(family, model);
    vec![
        row(0x000, "VERSION", report.version, "layout of the report"),
        row(
            0x188,
            "CPUID",
            format!("{family:#x} {model:#x} {stepping:#x}"),
            match line {
                Some(line) => format!("family, model, stepping: {line}"),
                None if report.version < 3 => "not part of version 2".to_owned(),
                None => "family, model, stepping: unknown to this verifier".to_owned(),
            },
        ),
        row(
            0x1a0,
            "CHIP_ID",
            hex::encode(report.chip_id),
            match report.chip_id {
                [0, ..] if report.chip_id == [0; 64] => "masked: does not say which chip",
                _ => "the chip; must equal the certificate's",
            },
        ),
        row(
            0x140,
            "REPORT_ID",
            hex::encode(report.report_id),
            "this start of the guest",
        ),
        row(
            0x160,
            "REPORT_ID_MA",
            hex::encode(report.report_id_ma),
            "all ones: no migration agent",
        ),
        row(
            0x034,
            "SIGNATURE_ALGO",
            report.signature_algo,
            "1: ECDSA P-384 with SHA-384",
        ),
    ]
}

fn guest(report: &Report) -> Vec<Row> {
    let abi = format!(
        "ABI {}.{}",
        (report.policy >> 8) & 0xff,
        report.policy & 0xff
    );
    let bits = named_bits(report.policy >> 16 << 16, &POLICY_BITS);
    vec![
        row(
            0x004,
            "GUEST_SVN",
            report.guest_svn,
            "security version, from the id block",
        ),
        row(
            0x008,
            "POLICY",
            format!("{:#x}", report.policy),
            format!("{abi}; {bits}"),
        ),
        row(
            0x010,
            "FAMILY_ID",
            hex::encode(report.family_id),
            "from the id block",
        ),
        row(
            0x020,
            "IMAGE_ID",
            hex::encode(report.image_id),
            "from the id block",
        ),
        row(
            0x030,
            "VMPL",
            report.vmpl,
            match report.vmpl {
                0 => "privilege level of who asked: the highest",
                u32::MAX => "asked by the HOST, not by the guest",
                _ => "privilege level of who asked",
            },
        ),
        row(
            0x050,
            "REPORT_DATA",
            hex::encode(report.report_data),
            "chosen by the guest: binds its keys",
        ),
        row(
            0x090,
            "MEASUREMENT",
            hex::encode(report.measurement),
            "launch digest: which image was started",
        ),
        row(
            0x0c0,
            "HOST_DATA",
            hex::encode(report.host_data),
            "chosen by the host at launch",
        ),
    ]
}

fn keys(report: &Report) -> Vec<Row> {
    let signer = match report.signing_key() {
        0 => "signed by a VCEK, a chip's key",
        1 => "signed by a VLEK, a cloud provider's key",
        7 => "UNSIGNED",
        _ => "signed by an unknown kind of key",
    };
    let author = if report.author_key_enabled() {
        "; author key in use"
    } else {
        ""
    };
    vec![
        row(
            0x048,
            "KEY_INFO",
            format!("{:#x}", report.key_info),
            format!("{signer}{author}"),
        ),
        row(
            0x0e0,
            "ID_KEY_DIGEST",
            hex::encode(report.id_key_digest),
            "who signed the image; zero: nobody",
        ),
        row(
            0x110,
            "AUTHOR_KEY_DIGEST",
            hex::encode(report.author_key_digest),
            "who signed the id key",
        ),
    ]
}

fn firmware(report: &Report) -> Vec<Row> {
    let [family, model, _] = report.cpuid;
    let line = Line::from_cpuid(family, model);
    let level = |offset, name, word: TcbWord, what: &str| {
        let read = line
            .and_then(|line| word.on(line))
            .map(|level| level.to_string());
        row(
            offset,
            name,
            word,
            format!(
                "{what}: {}",
                read.unwrap_or_else(|| "layout depends on the product".to_owned())
            ),
        )
    };
    let version = |offset, name, firmware: Firmware, what| row(offset, name, firmware, what);
    vec![
        level(
            0x180,
            "REPORTED_TCB",
            report.reported_tcb,
            "what the signing key was derived for",
        ),
        level(0x038, "CURRENT_TCB", report.current_tcb, "what runs"),
        level(
            0x1e0,
            "COMMITTED_TCB",
            report.committed_tcb,
            "what it cannot roll back below",
        ),
        level(
            0x1f0,
            "LAUNCH_TCB",
            report.launch_tcb,
            "what ran when the guest started",
        ),
        version(
            0x1e8,
            "CURRENT_VERSION",
            report.current_firmware,
            "SEV firmware that runs",
        ),
        version(
            0x1ec,
            "COMMITTED_VERSION",
            report.committed_firmware,
            "SEV firmware it cannot roll back below",
        ),
        row(
            0x040,
            "PLATFORM_INFO",
            format!("{:#x}", report.platform_info),
            named_bits(report.platform_info, &PLATFORM_BITS),
        ),
        row(
            0x1f8,
            "LAUNCH_MIT_VECTOR",
            format!("{:#x}", report.launch_mitigations),
            "mitigations at launch (version 5)",
        ),
        row(
            0x200,
            "CURRENT_MIT_VECTOR",
            format!("{:#x}", report.current_mitigations),
            "mitigations now (version 5)",
        ),
    ]
}
