//! The parsers of foreign bytes, one function each, for fuzzers and for nobody else.
//!
//! Whoever feeds them holds a process to 256 MiB, the fuzzer's own memory included:
//! that no input costs more is what `make fuzz` watches beside panics.

mod device;
mod sealed;

use crate::bundle::Bundle;
use crate::snp::{CertTable, Report, fuzz_chain};
use crate::x509::{Cert, Crl};
use crate::{Policy, Transcript};
use std::collections::BTreeMap;

pub use device::{rim, spdm, tdx_quote};
pub use sealed::sealed_blob;

/// One target: its name, which is that of its file and of its corpus, and what it feeds.
pub type Target = (&'static str, fn(&[u8]));

/// Every target there is. A test holds this list against the folder of the fuzzers.
pub const TARGETS: [Target; 11] = [
    ("bundle", bundle),
    ("certificate", certificate),
    ("crl", crl),
    ("policy", policy),
    ("report", report),
    ("rim", rim),
    ("sealed_blob", sealed_blob),
    ("spdm", spdm),
    ("table", table),
    ("tdx_quote", tdx_quote),
    ("transcript", transcript),
];

/// A report: parsed, and its reserved bytes and signature looked at.
pub fn report(bytes: &[u8]) {
    let _report = Report::parse(bytes);
    let _der = crate::snp::signature_der(bytes);
}

pub fn table(bytes: &[u8]) {
    if let Ok(table) = CertTable::parse(bytes) {
        assert!(table.vek().is_none_or(|vek| vek.len() <= bytes.len()));
        let _findings = crate::snp::table_findings(&table);
    }
}

/// A certificate, taken for a leaf of every line.
pub fn certificate(bytes: &[u8]) {
    if let Ok(cert) = Cert::parse(bytes) {
        fuzz_chain(&cert);
    }
}

/// A revocation list, by an authority that never signed it.
pub fn crl(bytes: &[u8]) {
    let authority = Cert::parse(include_bytes!("../../roots/genoa/ark.der"));
    if let Ok(authority) = authority {
        let _list = Crl::parse(bytes, &authority);
    }
}

/// A transcript; what can be read is what would be written.
pub fn transcript(bytes: &[u8]) {
    if let Ok(transcript) = Transcript::from_bytes(bytes) {
        assert_eq!(transcript.to_bytes(), bytes);
    }
}

pub fn policy(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _policy = Policy::from_toml(text);
    }
}

/// A bundle: names and files, cut from the bytes by their lengths.
pub fn bundle(bytes: &[u8]) {
    let _bundle = Bundle::from_files(files(bytes));
    let _archive = Bundle::from_archive(bytes);
}

/// `length of the name · name · length (u16) · file`, again and again.
fn files(mut bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    while let Some((name, file, rest)) = next_file(bytes) {
        files.insert(String::from_utf8_lossy(name).into_owned(), file.to_vec());
        bytes = rest;
    }
    files
}

fn next_file(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(length))?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (file, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((name, file, rest))
}

#[cfg(test)]
mod tests;
