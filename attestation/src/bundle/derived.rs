//! The files of a bundle that follow from others, and are there for other people's tools.

use super::{Bundle, DEVICES};
use crate::Transcript;
use crate::gpu::devices_digest;
use crate::snp::{KeyKind, Report, TableEntry, signature_der, write_table};
use std::collections::BTreeMap;

/// Which derived files are not what they should be. Certificates in the table are
/// compared, the rest of the extended report is the host's affair.
pub(super) fn faults(bundle: &Bundle) -> Vec<String> {
    let mut wanted = of_report(bundle.file("report.bin"));
    wanted.extend(
        bundle
            .transcript
            .as_ref()
            .map(of_transcript)
            .into_iter()
            .flatten(),
    );
    let mut faults: Vec<_> = wanted
        .into_iter()
        .filter(|(name, bytes)| bundle.files.get(*name).is_some_and(|found| found != bytes))
        .map(|(name, _)| format!("{name} does not follow from the other files"))
        .collect();
    faults.extend(extended_report_fault(bundle));
    faults.extend(devices_fault(bundle));
    faults
}

/// What `openssl dgst` wants of a report.
pub(super) fn of_report(report: &[u8]) -> BTreeMap<&'static str, Vec<u8>> {
    let signed = report.get(Report::SIGNED).map(<[u8]>::to_vec);
    let signature = signature_der(report);
    let files = [("report.signed.bin", signed), ("report.sig.der", signature)];
    files
        .into_iter()
        .filter_map(|(name, bytes)| Some((name, bytes?)))
        .collect()
}

pub(super) fn of_transcript(transcript: &Transcript) -> BTreeMap<&'static str, Vec<u8>> {
    let key = format!("{}\n", hex::encode(transcript.signer));
    [
        ("transcript.bin", transcript.to_bytes()),
        ("node.pub", key.into_bytes()),
    ]
    .into()
}

/// Report and table in one file.
pub(super) fn extended_report(
    report: &[u8],
    kind: KeyKind,
    vek: &[u8],
    issuer: &[u8],
    ark: &[u8],
) -> Vec<u8> {
    let leaf = match kind {
        KeyKind::Vcek => TableEntry::Vcek,
        KeyKind::Vlek => TableEntry::Vlek,
    };
    let table = write_table(&[
        (leaf, vek),
        (TableEntry::Ask, issuer),
        (TableEntry::Ark, ark),
    ]);
    [report, &table].concat()
}

fn extended_report_fault(bundle: &Bundle) -> Option<String> {
    let extended = bundle.files.get("report.ext.bin")?;
    let report = bundle.file("report.bin");
    let table = extended.strip_prefix(report);
    let table = table.and_then(|table| crate::snp::CertTable::parse(table).ok());
    let fits = table.is_some_and(|table| table.vek().is_none_or(|vek| vek == bundle.vek()));
    (!fits).then(|| "report.ext.bin is not the report with its certificates".to_owned())
}

fn devices_fault(bundle: &Bundle) -> Option<String> {
    if bundle.has_stray_device_files() {
        return Some(format!("{DEVICES} holds files that belong to no device"));
    }
    let transcript = bundle.transcript.as_ref();
    let promised = transcript.map(|transcript| transcript.devices);
    let shown = devices_digest(&bundle.presented());
    (promised.unwrap_or_default() != shown)
        .then(|| format!("the devices in {DEVICES} are not those the transcript names"))
}
