//! A certificate of a bundle, in a few lines.

use super::row::{Row, fact};
use crate::x509::Cert;

/// Who it is for, by whom, from when to when.
pub(super) fn rows(name: &str, der: &[u8]) -> Vec<Row> {
    match Cert::parse(der) {
        Ok(cert) => vec![
            fact(name, cert.subject(), format!("issued by {}", cert.issuer())),
            fact(
                "",
                format!("serial {}", hex::encode(cert.serial())),
                format!("valid {} to {}", cert.not_before(), cert.not_after()),
            ),
        ],
        Err(why) => vec![fact(name, "unreadable", why.to_string())],
    }
}
