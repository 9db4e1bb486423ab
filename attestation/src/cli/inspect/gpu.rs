//! Every field of an NVIDIA device's evidence, and of a reference file.

use super::row::{Row, Section, fact, row};
use super::{Failure, Path};
use crate::gpu::{Report, Rim};
use crate::x509::Cert;

/// Each block: index, specification, size, then type, size and 48 bytes.
const BLOCK_LEN: usize = 55;
const RECORD_AT: usize = 45;
const VALUE_IN_BLOCK: usize = 7;

pub(super) fn section(path: &Path, bytes: &[u8]) -> Result<Section, Failure> {
    let report = Report::parse(bytes).map_err(|why| Failure::caused(path.display(), &why))?;
    Ok(of(&report))
}

pub(super) fn of(report: &Report) -> Section {
    let parts = [
        asked(report),
        said(report),
        measured(report),
        signed(report),
    ];
    Section {
        title: "An NVIDIA device's SPDM 1.1 measurements".to_owned(),
        rows: parts.into_iter().flatten().collect(),
    }
}

fn asked(report: &Report) -> Vec<Row> {
    vec![
        row(
            0,
            "REQUEST",
            "1.1 GET_MEASUREMENTS",
            "what the device was asked",
        ),
        row(4, "NONCE", hex::encode(report.nonce), "chosen by who asked"),
        row(
            41,
            "BLOCKS",
            report.measurements.len(),
            "measurements in the answer",
        ),
    ]
}

fn said(report: &Report) -> Vec<Row> {
    let opaque = &report.opaque;
    let known = [
        (
            "DRIVER",
            opaque.driver(),
            "version of the driver that asked; a switch has none",
        ),
        ("VBIOS", opaque.vbios(), "version of the device's firmware"),
        (
            "BOARD",
            opaque.board(),
            "project, SKU and chip: what reference files are named after",
        ),
        (
            "FWID",
            opaque.fwid().map(hex::encode),
            "firmware the key was made for; must equal the certificate's",
        ),
    ];
    let fact_of = |(name, value, meaning): (&str, Option<String>, &str)| {
        fact(
            name,
            value.unwrap_or_else(|| "not said".to_owned()),
            meaning,
        )
    };
    let field = |(kind, value): (u16, &[u8])| {
        fact(
            format!("OPAQUE {kind}"),
            hex::encode(value),
            "as the device wrote it",
        )
    };
    let known = known.into_iter().map(fact_of);
    known.chain(opaque.fields().map(field)).collect()
}

fn measured(report: &Report) -> Vec<Row> {
    let block = |(index, value): (usize, &[u8; 48])| {
        let at = index.saturating_mul(BLOCK_LEN).saturating_add(RECORD_AT);
        let name = format!("MEASUREMENT {}", index.saturating_add(1));
        let meaning = format!("SHA-384; value {index} of a reference file");
        row(
            at.saturating_add(VALUE_IN_BLOCK),
            name,
            hex::encode(value),
            meaning,
        )
    };
    report.measurements.iter().enumerate().map(block).collect()
}

fn signed(report: &Report) -> Vec<Row> {
    vec![row(
        report.signed.len(),
        "SIGNATURE",
        hex::encode(report.signature),
        "ECDSA P-384 over everything before it, R then S",
    )]
}

/// A reference file: what NVIDIA says a version measures.
pub(super) fn manifest(path: &Path, bytes: &[u8]) -> Result<Section, Failure> {
    let rim = Rim::parse(bytes).map_err(|why| Failure::caused(path.display(), &why))?;
    let mut rows = vec![
        fact("VERSION", &rim.version, "driver or VBIOS it is for"),
        fact("PRODUCT", &rim.product, "the chip it is for"),
        fact("TAG", &rim.tag_id, "the file's own name"),
    ];
    for (index, values) in &rim.active {
        let block = index.saturating_add(1);
        rows.extend(values.iter().map(|value| {
            let meaning = format!("what block {block} of a report may be");
            fact(format!("VALUE {index}"), hex::encode(value), meaning)
        }));
    }
    rows.extend(rim.signature.chain.iter().map(signer));
    Ok(Section {
        title: "A reference file (RIM) for an NVIDIA device".to_owned(),
        rows,
    })
}

fn signer(cert: &Cert) -> Row {
    let span = format!(
        "certificate valid {} to {}",
        cert.not_before(),
        cert.not_after()
    );
    fact("SIGNER", cert.subject(), span)
}
