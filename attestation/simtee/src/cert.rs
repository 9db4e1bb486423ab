//! Certificates in AMD's form, with names that say they are not AMD's.

use crate::keys::AuthorityKey;
use crate::{SimError, oid};
use der::asn1::{Any, BitString, Ia5StringRef, ObjectIdentifier, OctetString, UtcTime};
use der::flagset::FlagSet;
use der::{Decode, Encode};
use std::str::FromStr;
use std::time::Duration;
use x509_cert::certificate::{Certificate, TbsCertificate, Version};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");

/// RSASSA-PSS-params: SHA-384, MGF1 with SHA-384, salt 48, in the form without a trailer.
const PSS_PARAMETERS: &[u8] = &[
    0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
    0x02, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
    0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05,
    0x00, 0xa2, 0x03, 0x02, 0x01, 0x30,
];

/// What differs from certificate to certificate.
pub(crate) struct Draft<'a> {
    pub(crate) serial: &'a [u8],
    pub(crate) issuer: &'a str,
    pub(crate) subject: &'a str,
    /// Seconds since 1970, first and last.
    pub(crate) valid: (u64, u64),
    pub(crate) key: SubjectPublicKeyInfoOwned,
    pub(crate) extensions: Vec<Extension>,
}

impl Draft<'_> {
    /// The certificate in DER, signed by the issuer.
    pub(crate) fn issue(self, issuer: &AuthorityKey) -> Result<Vec<u8>, SimError> {
        let (from, until) = self.valid;
        let tbs = TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(self.serial)?,
            signature: pss()?,
            issuer: name(self.issuer)?,
            validity: Validity {
                not_before: moment(from)?,
                not_after: moment(until)?,
            },
            subject: name(self.subject)?,
            subject_public_key_info: self.key,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(self.extensions),
        };
        let signature = issuer.sign(&tbs.to_der()?)?;
        let cert = Certificate {
            tbs_certificate: tbs,
            signature_algorithm: pss()?,
            signature: BitString::from_bytes(&signature)?,
        };
        Ok(cert.to_der()?)
    }
}

/// A name that nobody can take for AMD's.
pub(crate) fn name(common: &str) -> Result<Name, SimError> {
    let text = format!("CN={common},O=NOT ADVANCED MICRO DEVICES,OU=INSECURE DEVELOPMENT ROOT");
    Ok(Name::from_str(&text)?)
}

pub(crate) fn moment(seconds: u64) -> Result<Time, SimError> {
    let time = UtcTime::from_unix_duration(Duration::from_secs(seconds))?;
    Ok(Time::UtcTime(time))
}

pub(crate) fn pss() -> Result<AlgorithmIdentifierOwned, SimError> {
    Ok(AlgorithmIdentifierOwned {
        oid: oid::RSASSA_PSS,
        parameters: Some(Any::from_der(PSS_PARAMETERS)?),
    })
}

pub(crate) fn rsa_key(pkcs1: &[u8]) -> Result<SubjectPublicKeyInfoOwned, SimError> {
    Ok(SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifierOwned {
            oid: oid::RSA,
            parameters: Some(Any::null()),
        },
        subject_public_key: BitString::from_bytes(pkcs1)?,
    })
}

pub(crate) fn p384_key(point: &[u8]) -> Result<SubjectPublicKeyInfoOwned, SimError> {
    Ok(SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifierOwned {
            oid: oid::EC,
            parameters: Some(Any::encode_from(&oid::P384)?),
        },
        subject_public_key: BitString::from_bytes(point)?,
    })
}

/// What makes a certificate an authority over at most `path` others.
pub(crate) fn authority(path: Option<u8>) -> Result<Vec<Extension>, SimError> {
    let constraints = BasicConstraints {
        ca: true,
        path_len_constraint: path,
    };
    let usage = KeyUsage(FlagSet::from(KeyUsages::KeyCertSign) | KeyUsages::CRLSign);
    Ok(vec![
        extension(BASIC_CONSTRAINTS, true, constraints.to_der()?)?,
        extension(KEY_USAGE, true, usage.to_der()?)?,
    ])
}

pub(crate) fn level(id: ObjectIdentifier, level: u8) -> Result<Extension, SimError> {
    extension(id, false, level.to_der()?)
}

pub(crate) fn text(id: ObjectIdentifier, text: &str) -> Result<Extension, SimError> {
    extension(id, false, Ia5StringRef::new(text)?.to_der()?)
}

pub(crate) fn extension(
    id: ObjectIdentifier,
    critical: bool,
    value: Vec<u8>,
) -> Result<Extension, SimError> {
    Ok(Extension {
        extn_id: id,
        critical,
        extn_value: OctetString::new(value)?,
    })
}
