//! A bundle: one folder of files, or one archive of it, with everything a stranger needs to verify a machine.
//!
//! ```text
//!   report.bin         the report, 1184 bytes (of a TDX machine: quote.bin alone, and
//!                      collateral.json, Intel's word on the platform)
//!   report.ext.bin     report ‖ certificate table, as go-sev-guest reads it
//!   report.signed.bin  what the signature covers      ┐ for `openssl dgst -sha384 -verify`
//!   report.sig.der     the signature, as OpenSSL      ┘
//!                      writes them
//!   vcek.der           or vlek.der: the key that signed the report
//!   ask.pem            or asvk.pem
//!   ark.pem            the root it claims; compared, never believed
//!   crl.der            the revocation list, where there is one
//!   transcript.json    what REPORT_DATA stands for, and transcript.bin, the bytes hashed
//!   node.pub           the node's signing key, in hex
//!   gpu/0.spdm         the first device's evidence, and gpu/0.chain.pem, its
//!                      certificates; then 1, 2, …
//!   bundle.json        SHA-256 of every other file
//! ```

mod archive;
mod build;
mod derived;
mod devices;
mod folder;
mod machine;
mod manifest;
mod pem;
#[cfg(feature = "wire")]
mod wire;

pub use build::{Device, Parts, TdxParts};
pub use folder::FolderError;

use crate::{At, Evidence, Policy, Transcript, TrustRoots, Verdict, verify};
use machine::Machine;
use proto::Digest;
use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;

/// A node's bundle has about twelve files and two for each GPU.
pub const FILES_MAX: usize = 96;
/// No file of a bundle comes near this.
pub const FILE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Nor all of them together near this.
pub const BUNDLE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The folder of device evidence.
const DEVICES: &str = "gpu/";

/// A bundle's files, read, and the faults that were found among them.
#[derive(Clone, Debug)]
pub struct Bundle {
    files: BTreeMap<String, Vec<u8>>,
    machine: Machine,
    transcript: Option<Transcript>,
    /// Files that do not belong together: a reason to refuse, whatever else holds.
    faults: Vec<String>,
}

/// Files that are no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BadBundle {
    #[error("it has more than 96 files")]
    TooMany,
    #[error("{0} is larger than 2 MiB, or all files are larger than 16 MiB")]
    TooLarge(String),
    #[error("{0:?} is no name of a file in a bundle")]
    Name(String),
    #[error("it is no tar archive of plain files: {0}")]
    Archive(&'static str),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{name} cannot be read: {why}")]
    Malformed { name: &'static str, why: String },
}

impl Bundle {
    /// Reads files by name.
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> Result<Self, BadBundle> {
        check_bounds(&files)?;
        let mut bundle = Self {
            machine: Machine::read(&files)?,
            transcript: transcript(&files)?,
            faults: manifest::faults(&files)?,
            files,
        };
        bundle.faults.extend(derived::faults(&bundle));
        Ok(bundle)
    }

    /// Judges the bundle. Files that do not belong together are refused even where the
    /// report among them is good.
    pub fn verify(&self, policy: &Policy, roots: &TrustRoots, now: At) -> Verdict {
        let verdict = verify(&self.evidence(), policy, roots, now);
        verdict.unless_faulty(&self.faults)
    }

    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    pub const fn transcript(&self) -> Option<&Transcript> {
        self.transcript.as_ref()
    }

    /// Names the whole bundle: the digest of its list of digests.
    pub fn digest(&self) -> Digest {
        sha256(self.file("bundle.json"))
    }

    /// Why its files do not belong together.
    #[cfg(any(test, feature = "cli"))]
    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// What the bundle shows, without its faults.
    pub(crate) fn evidence(&self) -> Evidence<'_> {
        Evidence {
            cpu: self.machine.cpu(self),
            transcript: self.transcript.clone(),
        }
    }

    fn file(&self, name: &str) -> &[u8] {
        self.files.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

fn sha256(bytes: &[u8]) -> Digest {
    to_digest(digest(&SHA256, bytes).as_ref())
}

fn to_digest(bytes: &[u8]) -> Digest {
    bytes.try_into().map(Digest).unwrap_or_default()
}

fn check_bounds(files: &BTreeMap<String, Vec<u8>>) -> Result<(), BadBundle> {
    if files.len() > FILES_MAX {
        return Err(BadBundle::TooMany);
    }
    let mut total: usize = 0;
    for (name, bytes) in files {
        if !is_name(name) {
            return Err(BadBundle::Name(name.clone()));
        }
        total = total.saturating_add(bytes.len());
        if bytes.len() > FILE_BYTES_MAX || total > BUNDLE_BYTES_MAX {
            return Err(BadBundle::TooLarge(name.clone()));
        }
    }
    Ok(())
}

/// Lower-case letters, digits and a few signs, in the top folder or in `gpu/`.
fn is_name(name: &str) -> bool {
    let name = name.strip_prefix(DEVICES).unwrap_or(name);
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    !name.is_empty() && name.len() <= 64 && !name.starts_with('.') && name.bytes().all(allowed)
}

fn transcript(files: &BTreeMap<String, Vec<u8>>) -> Result<Option<Transcript>, BadBundle> {
    let malformed = |why: String| BadBundle::Malformed {
        name: "transcript.json",
        why,
    };
    let Some(json) = files.get("transcript.json") else {
        return Ok(None);
    };
    let transcript: Transcript =
        serde_json::from_slice(json).map_err(|why| malformed(why.to_string()))?;
    let transcript = transcript
        .checked()
        .map_err(|why| malformed(why.to_string()))?;
    Ok(Some(transcript))
}

#[cfg(test)]
mod tests;
