//! One certificate, read strictly and with the bytes its signature covers.

use super::pss;
use crate::{At, Fingerprint};
use der::asn1::ObjectIdentifier;
use der::oid::AssociatedOid;
use der::{Decode, Encode, Header, Reader, SliceReader};
use ring::digest::{SHA256, digest};
use std::collections::BTreeSet;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::name::Name;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// No genuine certificate of an attestation chain comes near this.
const CERT_BYTES_MAX: usize = 16 * 1024;

/// A certificate. Nothing in it is true before a chain to a trusted root has been walked.
#[derive(Clone, Debug)]
pub(crate) struct Cert {
    pub(super) parsed: x509_cert::Certificate,
    /// The exact bytes under the signature.
    pub(super) signed: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadCert {
    #[error("it has {0} bytes")]
    TooLong(usize),
    #[error("it is not one DER certificate: {0}")]
    Der(der::Error),
}

/// What is wrong between a certificate and the one above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Holds,
    Names { issuer: String, subject: String },
    Algorithm,
    Signature,
}

impl Cert {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BadCert> {
        if bytes.len() > CERT_BYTES_MAX {
            return Err(BadCert::TooLong(bytes.len()));
        }
        Ok(Self {
            parsed: x509_cert::Certificate::from_der(bytes).map_err(BadCert::Der)?,
            signed: signed_part(bytes).map_err(BadCert::Der)?,
        })
    }

    pub(crate) fn subject(&self) -> &Name {
        &self.parsed.tbs_certificate.subject
    }

    pub(crate) fn issuer(&self) -> &Name {
        &self.parsed.tbs_certificate.issuer
    }

    pub(crate) fn serial(&self) -> &[u8] {
        self.parsed.tbs_certificate.serial_number.as_bytes()
    }

    /// The subject's one common name.
    pub(crate) fn common_name(&self) -> Option<String> {
        let mut names = self.subject().0.iter().flat_map(|rdn| rdn.0.iter());
        let name = names.find(|attribute| attribute.oid == COMMON_NAME)?;
        std::str::from_utf8(name.value.value())
            .ok()
            .map(str::to_owned)
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        let spki = &self.parsed.tbs_certificate.subject_public_key_info;
        let hash = digest(&SHA256, &spki.to_der().ok()?);
        hash.as_ref().try_into().ok().map(Fingerprint)
    }

    pub(crate) fn same_key_and_name(&self, other: &Self) -> bool {
        let (mine, theirs) = (&self.parsed.tbs_certificate, &other.parsed.tbs_certificate);
        mine.subject == theirs.subject
            && mine.subject_public_key_info == theirs.subject_public_key_info
    }

    /// How this certificate hangs on the one above it.
    pub(crate) fn link_to(&self, above: &Self) -> Link {
        if self.issuer() != above.subject() {
            return Link::Names {
                issuer: self.issuer().to_string(),
                subject: above.subject().to_string(),
            };
        }
        let (inner, outer) = (
            &self.parsed.tbs_certificate.signature,
            &self.parsed.signature_algorithm,
        );
        if !pss::is_pss_sha384(inner) || !pss::is_pss_sha384(outer) {
            return Link::Algorithm;
        }
        if above.signed_this(&self.signed, self.parsed.signature.as_bytes()) {
            Link::Holds
        } else {
            Link::Signature
        }
    }

    /// Whether this certificate's RSA key made the signature.
    pub(super) fn signed_this(&self, message: &[u8], signature: Option<&[u8]>) -> bool {
        match (self.rsa_key(), signature) {
            (Some(key), Some(signature)) => pss::verifies(key, message, signature),
            (None, _) | (_, None) => false,
        }
    }

    /// The P-384 point, uncompressed, if this is such a key.
    pub(crate) fn p384_key(&self) -> Option<&[u8]> {
        let spki = &self.parsed.tbs_certificate.subject_public_key_info;
        let curve: ObjectIdentifier = spki.algorithm.parameters.as_ref()?.decode_as().ok()?;
        let point = spki.subject_public_key.as_bytes()?;
        let fits = spki.algorithm.oid == EC && curve == P384;
        (fits && point.len() == 97 && point.first() == Some(&4)).then_some(point)
    }

    fn rsa_key(&self) -> Option<&[u8]> {
        let spki = &self.parsed.tbs_certificate.subject_public_key_info;
        (spki.algorithm.oid == RSA)
            .then(|| spki.subject_public_key.as_bytes())
            .flatten()
    }

    pub(crate) fn not_before(&self) -> At {
        let validity = &self.parsed.tbs_certificate.validity;
        At(validity.not_before.to_unix_duration().as_secs())
    }

    pub(crate) fn not_after(&self) -> At {
        let validity = &self.parsed.tbs_certificate.validity;
        At(validity.not_after.to_unix_duration().as_secs())
    }

    /// Whether it may stand above others, over at most `path_max` further authorities.
    pub(crate) fn is_authority(&self, path_max: Option<u8>) -> bool {
        let tbs = &self.parsed.tbs_certificate;
        let constraints = matches!(
            tbs.get::<BasicConstraints>(),
            Ok(Some((_, BasicConstraints { ca: true, path_len_constraint })))
                if path_max.is_none() || path_len_constraint == path_max
        );
        let usage = match tbs.get::<KeyUsage>() {
            Ok(Some((_critical, usage))) => usage.key_cert_sign(),
            Ok(None) | Err(_) => false,
        };
        constraints && usage
    }

    /// Whether it claims to be an authority, rightly formed or not.
    pub(crate) fn claims_authority(&self) -> bool {
        match self.parsed.tbs_certificate.get::<BasicConstraints>() {
            Ok(Some((_critical, constraints))) => constraints.ca,
            Ok(None) => false,
            Err(_malformed) => true,
        }
    }

    /// An extension that must be understood and is not, or one that stands there twice.
    /// What is critical here is what authorities and signers are judged by.
    pub(crate) fn not_understood(&self) -> Option<ObjectIdentifier> {
        let mut seen = BTreeSet::new();
        let known = [BasicConstraints::OID, KeyUsage::OID];
        let strange = |id, critical| critical && !known.contains(&id);
        self.extensions()
            .find(|(id, critical, _value)| strange(*id, *critical) || !seen.insert(*id))
            .map(|(id, _critical, _value)| id)
    }

    /// Each extension's identifier, whether it is critical, and its value, in order.
    pub(crate) fn extensions(&self) -> impl Iterator<Item = (ObjectIdentifier, bool, &[u8])> {
        let extensions = self.parsed.tbs_certificate.extensions.iter().flatten();
        extensions.map(|extension| {
            let value = extension.extn_value.as_bytes();
            (extension.extn_id, extension.critical, value)
        })
    }
}

/// The first element of the outer sequence, as it stands.
fn signed_part(bytes: &[u8]) -> der::Result<Vec<u8>> {
    let mut reader = SliceReader::new(bytes)?;
    Header::decode(&mut reader)?;
    reader.tlv_bytes().map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARK: &[u8] = include_bytes!("../../roots/genoa/ark.der");
    const ASK: &[u8] = include_bytes!("../../roots/genoa/ask.der");

    #[test]
    fn a_certificate_hangs_on_its_issuer_alone() {
        let (ark, ask) = (Cert::parse(ARK).unwrap(), Cert::parse(ASK).unwrap());

        assert_eq!(ask.link_to(&ark), Link::Holds);
        assert_eq!(ark.link_to(&ark), Link::Holds);
        assert!(matches!(ark.link_to(&ask), Link::Names { .. }));
    }

    #[test]
    fn a_certificate_with_a_byte_behind_it_is_refused() {
        assert!(Cert::parse(&[ARK, &[0]].concat()).is_err());
    }

    /// The certificate with one extension's name turned into another's.
    fn renamed(der: &[u8], from: &[u8], to: &[u8]) -> Cert {
        let at = der
            .windows(from.len())
            .position(|part| part == from)
            .unwrap();
        let mut bytes = der.to_vec();
        bytes[at..at + from.len()].copy_from_slice(to);
        Cert::parse(&bytes).unwrap()
    }

    #[test]
    fn an_extension_that_is_critical_and_unknown_or_stands_twice_is_not_understood() {
        let (usage, constraints) = (b"\x06\x03\x55\x1d\x0f", b"\x06\x03\x55\x1d\x13");
        let unknown = renamed(ASK, usage, b"\x06\x03\x55\x1d\x7f");
        let twice = renamed(ASK, usage, constraints);

        assert_eq!(Cert::parse(ASK).unwrap().not_understood(), None);
        assert_eq!(unknown.not_understood().unwrap().to_string(), "2.5.29.127");
        assert_eq!(twice.not_understood(), Some(BasicConstraints::OID));
    }

    #[test]
    fn a_changed_certificate_no_longer_hangs_on_its_issuer() {
        let ark = Cert::parse(ARK).unwrap();
        let mut bytes = ASK.to_vec();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;

        assert_eq!(Cert::parse(&bytes).unwrap().link_to(&ark), Link::Signature);
    }
}
