//! The synthetic root's revocation list.

use crate::SimError;
use crate::cert::{moment, name, pss};
use crate::keys::AuthorityKey;
use der::Encode;
use der::asn1::BitString;
use x509_cert::certificate::Version;
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::serial_number::SerialNumber;

/// A list by this authority, valid between two moments, of these serial numbers.
pub(crate) fn issue(
    authority: &AuthorityKey,
    issuer: &str,
    (from, until): (u64, u64),
    revoked: &[&[u8]],
) -> Result<Vec<u8>, SimError> {
    let entries = revoked.iter().map(|serial| entry(serial, from));
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    let tbs = TbsCertList {
        version: Version::V2,
        signature: pss()?,
        issuer: name(issuer)?,
        this_update: moment(from)?,
        next_update: Some(moment(until)?),
        revoked_certificates: (!entries.is_empty()).then_some(entries),
        crl_extensions: None,
    };
    let signature = authority.sign(&tbs.to_der()?)?;
    let list = CertificateList {
        tbs_cert_list: tbs,
        signature_algorithm: pss()?,
        signature: BitString::from_bytes(&signature)?,
    };
    Ok(list.to_der()?)
}

fn entry(serial: &[u8], at: u64) -> Result<RevokedCert, SimError> {
    Ok(RevokedCert {
        serial_number: SerialNumber::new(serial)?,
        revocation_date: moment(at)?,
        crl_entry_extensions: None,
    })
}
