//! PEM, for files people keep; the verifier itself reads DER.

use der::Document;

/// The DER inside one PEM block; anything else comes back as it is, for the verifier
/// to refuse by name.
pub(super) fn der_of(bytes: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).ok().map(str::trim_start);
    match text.filter(|text| text.starts_with("-----BEGIN")) {
        Some(text) => match Document::from_pem(text) {
            Ok((_label, der)) => der.as_bytes().to_vec(),
            Err(_no_pem) => bytes.to_vec(),
        },
        None => bytes.to_vec(),
    }
}
