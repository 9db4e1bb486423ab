//! A bundle: its files, its transcript, and then what is in them.

use super::row::{Row, Section, fact};
use super::{Failure, Path, certificate, gpu, snp, tdx};
use crate::bundle::Bundle;
use crate::gpu::Report;
use crate::{Cpu, Transcript};
use std::ffi::OsStr;

pub(super) fn sections(path: &Path) -> Result<Vec<Section>, Failure> {
    let bundle = Bundle::read(path).map_err(|why| Failure::caused(path.display(), &why))?;
    let mut sections = vec![files(&bundle)];
    sections.extend(bundle.transcript().map(transcript));
    sections.extend(machine(path, &bundle)?);
    for device in bundle.presented() {
        let report = Report::parse(device.report);
        sections.push(gpu::of(
            &report.map_err(|why| Failure::caused(path.display(), &why))?,
        ));
    }
    Ok(sections)
}

fn files(bundle: &Bundle) -> Section {
    let file = |(name, bytes): (&String, &Vec<u8>)| {
        fact(
            name.clone(),
            format!("{} bytes", bytes.len()),
            meaning(name),
        )
    };
    let mut rows: Vec<Row> = bundle.files().iter().map(file).collect();
    rows.push(fact("digest", bundle.digest(), "names the whole bundle"));
    rows.extend(
        bundle
            .faults()
            .iter()
            .map(|fault| fact("FAULT", fault, "it will be refused for this")),
    );
    Section {
        title: "A bundle".to_owned(),
        rows,
    }
}

fn meaning(name: &str) -> &'static str {
    match name {
        "report.bin" => "the report",
        "report.ext.bin" => "the report and its certificates, for go-sev-guest",
        "report.signed.bin" => "what the signature covers, for OpenSSL",
        "report.sig.der" => "the signature, for OpenSSL",
        "vcek.der" => "the certificate of the chip's key",
        "vlek.der" => "the certificate of the provider's key",
        "ask.pem" | "asvk.pem" => "the certificate above it",
        "ark.pem" => "the root it claims; compared, never believed",
        "crl.der" => "the revocation list",
        "quote.bin" => "the quote",
        "collateral.json" => "Intel's word on the platform",
        "transcript.json" => "what REPORT_DATA stands for",
        "transcript.bin" => "the same, as the bytes that are hashed",
        "node.pub" => "the node's signing key",
        "bundle.json" => "the digest of every other file",
        name => of_device(Path::new(name)),
    }
}

fn of_device(name: &Path) -> &'static str {
    match name.extension().and_then(OsStr::to_str) {
        Some("spdm") => "a device's evidence",
        Some("pem") => "a device's certificates",
        Some(_) | None => "unknown to this verifier",
    }
}

fn transcript(transcript: &Transcript) -> Section {
    let report_data = hex::encode(transcript.report_data());
    let rows = vec![
        fact(
            "purpose",
            transcript.purpose.word(),
            "what the report was made for",
        ),
        fact(
            "nonce",
            hex::encode(transcript.nonce),
            "who asked chose it; zero at boot",
        ),
        fact(
            "signer",
            hex::encode(transcript.signer),
            "the node's secp256k1 key",
        ),
        fact(
            "tls_key",
            transcript.tls_key,
            "SHA-256 of the TLS key it serves with",
        ),
        fact(
            "devices",
            transcript.devices,
            "SHA-256 of the devices' evidence; zero: none",
        ),
        fact("config", transcript.config, "SHA-256 of its configuration"),
        fact(
            "boot_id",
            hex::encode(transcript.boot_id),
            "this start of the system",
        ),
        fact(
            "REPORT_DATA",
            report_data,
            "SHA-512 of all of it: what the report must carry",
        ),
    ];
    Section {
        title: "The transcript".to_owned(),
        rows,
    }
}

fn machine(path: &Path, bundle: &Bundle) -> Result<Vec<Section>, Failure> {
    match bundle.evidence().cpu {
        Cpu::Snp(snp) => {
            let certificates = [
                ("KEY", Some(snp.vek)),
                ("ISSUER", snp.issuer),
                ("ROOT", snp.ark),
            ];
            let rows = certificates.into_iter();
            let rows = rows.filter_map(|(name, der)| Some(certificate::rows(name, der?)));
            let chain = Section {
                title: "The certificates".to_owned(),
                rows: rows.flatten().collect(),
            };
            Ok(vec![chain, snp::section(path, snp.report)?])
        }
        Cpu::Tdx(tdx) => Ok(vec![tdx::section(path, tdx.quote)?]),
    }
}
