//! Certificates in PEM, nothing else between them.

use super::Cert;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Reads at most `max` certificates, leaf first. `None` where the text is anything
/// but certificates.
pub(crate) fn certificates(text: &str, max: usize) -> Option<Vec<Cert>> {
    let mut certificates = Vec::new();
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        let (body, after) = rest.strip_prefix(BEGIN)?.split_once(END)?;
        if certificates.len() == max {
            return None;
        }
        certificates.push(Cert::parse(&base64(body)?).ok()?);
        rest = after.trim_ascii_start();
    }
    Some(certificates)
}

/// Base64 with line breaks.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let dense: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(dense).ok()
}
