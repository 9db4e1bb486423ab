//! bundle.json: the digest of every other file.

use super::machine::Kind;
use super::{BadBundle, sha256};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const NAME: &str = "bundle.json";
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    version: u32,
    kind: Kind,
    /// SHA-256 in hex, by file name.
    files: BTreeMap<String, String>,
}

/// The manifest of these files, as JSON.
pub(super) fn write(kind: Kind, files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let digests = files
        .iter()
        .map(|(name, bytes)| (name.clone(), hash(bytes)));
    let manifest = Manifest {
        version: VERSION,
        kind,
        files: digests.collect(),
    };
    // A map of strings always has a JSON form.
    serde_json::to_vec_pretty(&manifest).unwrap_or_default()
}

/// In which files the manifest and the bundle differ.
pub(super) fn faults(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<String>, BadBundle> {
    let bytes = files.get(NAME).ok_or(BadBundle::Missing(NAME))?;
    let malformed = |why: String| BadBundle::Malformed { name: NAME, why };
    let manifest: Manifest =
        serde_json::from_slice(bytes).map_err(|why| malformed(why.to_string()))?;
    if manifest.version != VERSION {
        return Err(malformed(format!("it is of version {}", manifest.version)));
    }
    if manifest.kind != Kind::of(files)? {
        return Err(malformed(
            "it is of another processor than the files".to_owned(),
        ));
    }
    let listed = manifest.files.keys();
    let present = files.keys().filter(|name| *name != NAME);
    let names: BTreeSet<_> = listed.chain(present).collect();
    Ok(names
        .into_iter()
        .filter_map(|name| fault(name, manifest.files.get(name), files.get(name)))
        .collect())
}

fn fault(name: &str, listed: Option<&String>, present: Option<&Vec<u8>>) -> Option<String> {
    match (listed, present) {
        (Some(listed), Some(bytes)) if *listed == hash(bytes) => None,
        (Some(_), Some(_)) => Some(format!("{name} is not the file that bundle.json lists")),
        (Some(_), None) => Some(format!("{name} is listed and missing")),
        (None, _) => Some(format!("{name} is not listed in bundle.json")),
    }
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(sha256(bytes).0)
}
