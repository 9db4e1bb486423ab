//! Every field of an Intel TDX quote.

use super::row::{Row, Section, fact, named_bits, row};
use super::{Failure, Path};
use crate::tdx::{Quote, Registers};

/// TDX module specification, TD_ATTRIBUTES.
const ATTRIBUTES: [(u32, &str); 11] = [
    (0, "DEBUG: the host can read the guest's memory"),
    (4, "HGS+ profiling"),
    (5, "performance profiling"),
    (6, "power profiling"),
    (27, "LASS"),
    (28, "SEPT_VE_DISABLE: no exceptions the host can provoke"),
    (29, "MIGRATABLE: may move to another machine"),
    (30, "supervisor protection keys"),
    (31, "key locker"),
    (62, "TPA"),
    (63, "performance counters"),
];
const HEADER_LEN: usize = 48;
/// Version 5 has the body's type and size before it.
const BODY_HEADER_LEN: usize = 6;

pub(super) fn section(path: &Path, bytes: &[u8]) -> Result<Section, Failure> {
    let quote = Quote::parse(bytes).map_err(|why| Failure::caused(path.display(), &why))?;
    Ok(of(&quote))
}

pub(super) fn of(quote: &Quote) -> Section {
    let body = match quote.version() {
        5 => HEADER_LEN.saturating_add(BODY_HEADER_LEN),
        _four => HEADER_LEN,
    };
    let parts = [
        header(quote),
        guest(quote, body),
        module(quote, body),
        certified(quote),
    ];
    Section {
        title: "An Intel TDX quote".to_owned(),
        rows: parts.into_iter().flatten().collect(),
    }
}

fn header(quote: &Quote) -> Vec<Row> {
    vec![
        row(0, "VERSION", quote.version(), "layout of the quote"),
        row(
            2,
            "ATT_KEY_TYPE",
            quote.header.attestation_key_type,
            "2: ECDSA P-256",
        ),
        row(
            4,
            "TEE_TYPE",
            format!("{:#x}", quote.header.tee_type),
            "0x81: TDX",
        ),
        row(
            8,
            "QE_SVN",
            quote.header.qe_svn,
            "the quoting enclave's level; zero in TDX",
        ),
        row(
            10,
            "PCE_SVN",
            quote.header.pce_svn,
            "the certification enclave's; zero in TDX",
        ),
        row(
            12,
            "QE_VENDOR_ID",
            hex::encode(quote.header.qe_vendor_id),
            "who wrote the quoting enclave",
        ),
        row(
            28,
            "USER_DATA",
            hex::encode(quote.header.user_data),
            "the quoting service's own",
        ),
    ]
}

fn guest(quote: &Quote, body: usize) -> Vec<Row> {
    let report = &quote.report;
    let at = |offset: usize| body.saturating_add(offset);
    let Registers {
        mrtd,
        rtmr: [rtmr0, rtmr1, rtmr2, rtmr3],
        mr_config_id,
        mr_owner,
        mr_owner_config,
        ..
    } = quote.registers();
    let attributes = u64::from_le_bytes(report.td_attributes);
    let hex48 =
        |offset, name, value: [u8; 48], meaning| row(at(offset), name, hex::encode(value), meaning);
    vec![
        row(
            at(120),
            "TD_ATTRIBUTES",
            format!("{attributes:#x}"),
            named_bits(attributes, &ATTRIBUTES),
        ),
        row(
            at(128),
            "XFAM",
            hex::encode(report.xfam),
            "processor features the guest may use",
        ),
        hex48(136, "MRTD", mrtd, "the guest's firmware, as launched"),
        hex48(
            184,
            "MRCONFIGID",
            mr_config_id,
            "chosen by the host at launch",
        ),
        hex48(
            232,
            "MROWNER",
            mr_owner,
            "chosen by the host: whose guest it is",
        ),
        hex48(280, "MROWNERCONFIG", mr_owner_config, "chosen by the host"),
        hex48(
            328,
            "RTMR0",
            rtmr0,
            "extended by firmware: its configuration",
        ),
        hex48(376, "RTMR1", rtmr1, "extended by firmware: what it started"),
        hex48(424, "RTMR2", rtmr2, "extended by the loader and the system"),
        hex48(472, "RTMR3", rtmr3, "extended by programs"),
        row(
            at(520),
            "REPORT_DATA",
            hex::encode(report.report_data),
            "chosen by the guest: binds its keys",
        ),
    ]
}

fn module(quote: &Quote, body: usize) -> Vec<Row> {
    let report = &quote.report;
    let at = |offset: usize| body.saturating_add(offset);
    let mut rows = vec![
        row(
            at(0),
            "TEE_TCB_SVN",
            hex::encode(report.tee_tcb_svn),
            "the TDX module's level",
        ),
        row(
            at(16),
            "MRSEAM",
            hex::encode(report.mr_seam),
            "the TDX module",
        ),
        row(
            at(64),
            "MRSIGNERSEAM",
            hex::encode(report.mr_signer_seam),
            "who signed the module; zero: Intel",
        ),
        row(
            at(112),
            "SEAMATTRIBUTES",
            hex::encode(report.seam_attributes),
            "the module's; zero in release",
        ),
    ];
    rows.extend(quote.service_tds.map(|service| {
        row(
            at(600),
            "MRSERVICETD",
            hex::encode(service),
            "service guests bound to it; zero: none",
        )
    }));
    rows
}

fn certified(quote: &Quote) -> Vec<Row> {
    let auth = &quote.auth;
    let enclave =
        |from: usize, to: usize| hex::encode(auth.qe_report.get(from..to).unwrap_or_default());
    let kind = auth.certification_data.cert_type;
    vec![
        fact(
            "ATTESTATION_KEY",
            hex::encode(auth.ecdsa_attestation_key),
            "P-256 point that signed the quote",
        ),
        fact(
            "SIGNATURE",
            hex::encode(auth.ecdsa_signature),
            "over header and report",
        ),
        fact("QE_MRENCLAVE", enclave(64, 96), "the quoting enclave"),
        fact(
            "QE_MRSIGNER",
            enclave(128, 160),
            "who signed the quoting enclave",
        ),
        fact(
            "QE_AUTH_DATA",
            hex::encode(&auth.qe_auth_data.data),
            "hashed with the key into its report",
        ),
        fact(
            "CERTIFICATION",
            kind,
            "5: the platform's certificates are in the quote",
        ),
        fact(
            "TAIL",
            quote.tail.len(),
            "bytes behind the quote; the service pads with zeros",
        ),
    ]
}
