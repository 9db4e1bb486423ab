//! What the tests of recorded evidence share.

#![allow(
    dead_code,
    clippy::print_stderr,
    reason = "each test file uses a part; what is left out is said"
)]

use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The recorded evidence, where this checkout has it beside it.
pub(crate) fn vectors() -> Option<PathBuf> {
    #[allow(clippy::disallowed_methods, reason = "tests find their data by it")]
    let named = std::env::var("SEALTUNE_SHARED").map(PathBuf::from);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let beside = || workspace.unwrap().join("../shared");
    let folder = named
        .unwrap_or_else(|_unset| beside())
        .join("vectors/attestation");
    if !folder.is_dir() {
        eprintln!("LEFT OUT: no recorded evidence at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// Every folder with a case.
pub(crate) fn cases(vectors: &Path) -> Vec<PathBuf> {
    let kinds = ["real", "mutated", "synthetic"].map(|kind| vectors.join("snp").join(kind));
    let mut cases: Vec<_> = kinds.iter().flat_map(|kind| entries(kind)).collect();
    cases.sort();
    cases
}

pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Runs the command line and returns its exit status and what it printed.
pub(crate) fn attest(args: &[&dyn AsRef<std::ffi::OsStr>]) -> (u8, String) {
    let args = args.iter().map(|arg| arg.as_ref().to_owned());
    let line = std::iter::once(OsString::from("sealtune-attest")).chain(args);
    let mut out = Vec::new();
    let status = attestation::cli::run(line, &mut out);
    let status = status.unwrap_or_else(|failure| failure.status());
    (status, String::from_utf8(out).unwrap())
}
