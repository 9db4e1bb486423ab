//! PEM, as stock tools read it.

use super::BadBundle;
use der::Document;
use der::pem::LineEnding;
use std::collections::BTreeMap;

const LABEL: &str = "CERTIFICATE";

/// The first of the named files that is there, as DER.
pub(super) fn certificate(
    files: &BTreeMap<String, Vec<u8>>,
    names: &[&'static str],
) -> Result<Vec<u8>, BadBundle> {
    let first = names.first().copied().unwrap_or_default();
    let found = names
        .iter()
        .find_map(|name| Some((*name, files.get(*name)?)));
    let (name, bytes) = found.ok_or(BadBundle::Missing(first))?;
    let malformed = |why: String| BadBundle::Malformed { name, why };
    let text = std::str::from_utf8(bytes).map_err(|why| malformed(why.to_string()))?;
    match Document::from_pem(text) {
        Ok((LABEL, der)) => Ok(der.as_bytes().to_vec()),
        Ok((label, _)) => Err(malformed(format!("it holds a {label}"))),
        Err(why) => Err(malformed(why.to_string())),
    }
}

/// A certificate in PEM; `None` for bytes that are no DER.
pub(super) fn write(der: &[u8]) -> Option<Vec<u8>> {
    let document = Document::try_from(der).ok()?;
    document
        .to_pem(LABEL, LineEnding::LF)
        .ok()
        .map(String::into_bytes)
}
