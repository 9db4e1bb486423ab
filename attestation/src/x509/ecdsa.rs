//! ECDSA on certificates: P-384 as NVIDIA signs, P-256 as Intel does.

use super::cert::{Cert, Link};
use der::asn1::ObjectIdentifier;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm, UnparsedPublicKey,
};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// A curve with the hash that goes with it; a chain is of one scheme throughout.
#[derive(Debug)]
pub(crate) struct Scheme {
    curve: ObjectIdentifier,
    signature: ObjectIdentifier,
    point_len: usize,
    in_certificates: &'static EcdsaVerificationAlgorithm,
    as_r_and_s: &'static EcdsaVerificationAlgorithm,
}

pub(crate) static P384: Scheme = Scheme {
    curve: ObjectIdentifier::new_unwrap("1.3.132.0.34"),
    signature: ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"),
    point_len: 97,
    in_certificates: &ECDSA_P384_SHA384_ASN1,
    as_r_and_s: &ECDSA_P384_SHA384_FIXED,
};

pub(crate) static P256: Scheme = Scheme {
    curve: ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
    signature: ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
    point_len: 65,
    in_certificates: &ECDSA_P256_SHA256_ASN1,
    as_r_and_s: &ECDSA_P256_SHA256_FIXED,
};

impl Scheme {
    /// Whether the uncompressed point made the signature, R ‖ S.
    pub(crate) fn verifies(&self, point: &[u8], message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(self.as_r_and_s, point)
            .verify(message, signature)
            .is_ok()
    }
}

impl Cert {
    /// How this certificate hangs on the one above it, both of one scheme.
    pub(crate) fn ec_link_to(&self, above: &Self, scheme: &Scheme) -> Link {
        if self.issuer() != above.subject() {
            return Link::Names {
                issuer: self.issuer().to_string(),
                subject: above.subject().to_string(),
            };
        }
        let inner = &self.parsed.tbs_certificate.signature;
        let outer = &self.parsed.signature_algorithm;
        if inner != outer || outer.oid != scheme.signature || outer.parameters.is_some() {
            return Link::Algorithm;
        }
        let (Some(key), Some(signature)) = (above.point(scheme), self.parsed.signature.as_bytes())
        else {
            return Link::Algorithm;
        };
        let key = UnparsedPublicKey::new(scheme.in_certificates, key);
        match key.verify(&self.signed, signature) {
            Ok(()) => Link::Holds,
            Err(_other_key) => Link::Signature,
        }
    }

    /// Whether this certificate's key made the signature, R ‖ S.
    pub(crate) fn ec_signed(&self, message: &[u8], signature: &[u8], scheme: &Scheme) -> bool {
        self.point(scheme)
            .is_some_and(|point| scheme.verifies(point, message, signature))
    }

    /// Whether it signs things, and issues no certificates.
    pub(crate) fn is_signer(&self) -> bool {
        let usage = match self.parsed.tbs_certificate.get::<KeyUsage>() {
            Ok(Some((_critical, usage))) => usage.digital_signature() && !usage.key_cert_sign(),
            Ok(None) | Err(_) => false,
        };
        usage && !self.claims_authority()
    }

    /// Whether it is the very certificate of these bytes.
    pub(crate) fn is(&self, der: &[u8]) -> bool {
        Self::parse(der)
            .is_ok_and(|other| self.signed == other.signed && self.parsed == other.parsed)
    }

    /// Whether it is an authority that may have as many others below it as `place`, its
    /// own place in a chain whose leaf is at zero, says it has.
    pub(crate) fn stands_above(&self, place: usize) -> bool {
        let tbs = &self.parsed.tbs_certificate;
        let below = place.saturating_sub(1);
        let constraints = match tbs.get::<BasicConstraints>() {
            Ok(Some((_critical, found))) => {
                let path = found.path_len_constraint.map(usize::from);
                found.ca && path.is_none_or(|path| below <= path)
            }
            Ok(None) | Err(_) => false,
        };
        let usage = match tbs.get::<KeyUsage>() {
            Ok(Some((_critical, usage))) => usage.key_cert_sign(),
            Ok(None) | Err(_) => false,
        };
        constraints && usage
    }

    /// The uncompressed point, if this is a key of the scheme's curve.
    fn point(&self, scheme: &Scheme) -> Option<&[u8]> {
        let spki = &self.parsed.tbs_certificate.subject_public_key_info;
        let curve: ObjectIdentifier = spki.algorithm.parameters.as_ref()?.decode_as().ok()?;
        let point = spki.subject_public_key.as_bytes()?;
        let fits = spki.algorithm.oid == EC && curve == scheme.curve;
        (fits && point.len() == scheme.point_len && point.first() == Some(&4)).then_some(point)
    }
}
