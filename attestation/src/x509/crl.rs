//! A certificate revocation list by a product line's root.

use super::{Cert, pss};
use crate::At;
use der::{Decode, Header, Reader, SliceReader};
use x509_cert::crl::CertificateList;

/// AMD's lists have a handful of entries; this holds tens of thousands.
const CRL_BYTES_MAX: usize = 1024 * 1024;
const DAY_SECS: u64 = 24 * 60 * 60;

/// A list whose signature has been checked.
#[derive(Clone, Debug)]
pub(crate) struct Crl(CertificateList);

/// Why a list proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CrlFault {
    #[error("a list of {0} bytes")]
    TooLong(usize),
    #[error("bytes that are no list: {0}")]
    Der(der::Error),
    #[error("a list of {0}")]
    Issuer(String),
    #[error("another algorithm than RSA-PSS with SHA-384")]
    Algorithm,
    #[error("a signature by another key")]
    Signature,
}

impl Crl {
    /// Reads a list and checks that this authority signed it.
    pub(crate) fn parse(bytes: &[u8], authority: &Cert) -> Result<Self, CrlFault> {
        if bytes.len() > CRL_BYTES_MAX {
            return Err(CrlFault::TooLong(bytes.len()));
        }
        let list = CertificateList::from_der(bytes).map_err(CrlFault::Der)?;
        if list.tbs_cert_list.issuer != *authority.subject() {
            return Err(CrlFault::Issuer(list.tbs_cert_list.issuer.to_string()));
        }
        let (inner, outer) = (&list.tbs_cert_list.signature, &list.signature_algorithm);
        if !pss::is_pss_sha384(inner) || !pss::is_pss_sha384(outer) {
            return Err(CrlFault::Algorithm);
        }
        let signed = signed_part(bytes).map_err(CrlFault::Der)?;
        if !authority.signed_this(signed, list.signature.as_bytes()) {
            return Err(CrlFault::Signature);
        }
        Ok(Self(list))
    }

    pub(crate) fn this_update(&self) -> At {
        At(self
            .0
            .tbs_cert_list
            .this_update
            .to_unix_duration()
            .as_secs())
    }

    /// The end of its validity. A list that names none is valid for a day.
    pub(crate) fn next_update(&self) -> At {
        match &self.0.tbs_cert_list.next_update {
            Some(time) => At(time.to_unix_duration().as_secs()),
            None => At(self.this_update().0.saturating_add(DAY_SECS)),
        }
    }

    /// Whether `now` is within its validity, the end put off by `stale_days`.
    pub(crate) fn is_current(&self, now: At, stale_days: u32) -> bool {
        let grace = u64::from(stale_days).saturating_mul(DAY_SECS);
        let end = self.next_update().0.saturating_add(grace);
        self.this_update() <= now && now.0 <= end
    }

    pub(crate) fn revokes(&self, cert: &Cert) -> bool {
        let mut revoked = self.0.tbs_cert_list.revoked_certificates.iter().flatten();
        revoked.any(|entry| entry.serial_number.as_bytes() == cert.serial())
    }
}

/// From when to when a list says it is valid, whoever signed it.
#[cfg(feature = "kds")]
pub(crate) fn span(bytes: &[u8]) -> der::Result<(At, At)> {
    let list = Crl(CertificateList::from_der(bytes)?);
    Ok((list.this_update(), list.next_update()))
}

fn signed_part(bytes: &[u8]) -> der::Result<&[u8]> {
    let mut reader = SliceReader::new(bytes)?;
    Header::decode(&mut reader)?;
    reader.tlv_bytes()
}
