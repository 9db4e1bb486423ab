//! Object identifiers of AMD's certificates.

use der::asn1::ObjectIdentifier;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

pub(crate) const RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
pub(crate) const RSASSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
pub(crate) const EC: ObjectIdentifier = oid("1.2.840.10045.2.1");
pub(crate) const P384: ObjectIdentifier = oid("1.3.132.0.34");

pub(crate) const STRUCT_VERSION: ObjectIdentifier = oid("1.3.6.1.4.1.3704.1.1");
pub(crate) const PRODUCT: ObjectIdentifier = oid("1.3.6.1.4.1.3704.1.2");
pub(crate) const BL: ObjectIdentifier = oid("1.3.6.1.4.1.3704.1.3.1");
pub(crate) const TEE: ObjectIdentifier = oid("1.3.6.1.4.1.3704.1.3.2");
pub(crate) const SNP: ObjectIdentifier = oid("1.3.6.1.4.1.3704.1.3.3");
pub(crate) const RESERVED: [ObjectIdentifier; 4] = [
    oid("1.3.6.1.4.1.3704.1.3.4"),
    oid("1.3.6.1.4.1.3704.1.3.5"),
    oid("1.3.6.1.4.1.3704.1.3.6"),
    oid("1.3.6.1.4.1.3704.1.3.7"),
];
pub(crate) const UCODE: ObjectIdentifier = oid("1.3.6.1.4.1.3704.1.3.8");
pub(crate) const FMC: ObjectIdentifier = oid("1.3.6.1.4.1.3704.1.3.9");
pub(crate) const HWID: ObjectIdentifier = oid("1.3.6.1.4.1.3704.1.4");
pub(crate) const CSP: ObjectIdentifier = oid("1.3.6.1.4.1.3704.1.5");
