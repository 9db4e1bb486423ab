//! RSA-PSS with SHA-384, the only signature AMD puts on certificates.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, TagNumber};
use ring::signature::{RSA_PSS_2048_8192_SHA384, UnparsedPublicKey};
use x509_cert::spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SALT_LENGTH: u8 = 48;

/// Whether the algorithm is RSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48
/// bytes. Genuine certificates come with and without the default trailer field.
pub(super) fn is_pss_sha384(algorithm: &AlgorithmIdentifierOwned) -> bool {
    use der::Encode;
    let parameters = algorithm.parameters.as_ref().map(Encode::to_der);
    match parameters {
        Some(Ok(parameters)) => {
            algorithm.oid == RSASSA_PSS && parameters_fit(&parameters).unwrap_or(false)
        }
        Some(Err(_)) | None => false,
    }
}

/// Whether `signature` over `message` was made by the RSA key (a PKCS #1 public key).
pub(super) fn verifies(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA384, key)
        .verify(message, signature)
        .is_ok()
}

/// RFC 4055 section 3.1: `[0]` hash, `[1]` mask generation, `[2]` salt length,
/// `[3]` trailer, each explicit.
fn parameters_fit(bytes: &[u8]) -> der::Result<bool> {
    let mut reader = SliceReader::new(bytes)?;
    let fits = reader.sequence(|fields| {
        let hash: AlgorithmIdentifierRef<'_> = explicit(fields, 0)?;
        let mask: AlgorithmIdentifierRef<'_> = explicit(fields, 1)?;
        let salt: u8 = explicit(fields, 2)?;
        let trailer: u8 = if fields.is_finished() {
            1
        } else {
            explicit(fields, 3)?
        };
        Ok(is_sha384(&hash) && is_mgf1_sha384(&mask)? && salt == SALT_LENGTH && trailer == 1)
    })?;
    reader.finish(fits)
}

fn is_mgf1_sha384(mask: &AlgorithmIdentifierRef<'_>) -> der::Result<bool> {
    let Some(hash) = mask.parameters else {
        return Ok(false);
    };
    Ok(mask.oid == MGF1 && is_sha384(&hash.decode_as()?))
}

fn is_sha384(hash: &AlgorithmIdentifierRef<'_>) -> bool {
    hash.oid == SHA384
        && hash
            .parameters
            .is_none_or(|parameters| parameters == AnyRef::NULL)
}

fn explicit<'a, R: Reader<'a>, T: Decode<'a>>(fields: &mut R, number: u8) -> der::Result<T> {
    use der::asn1::ContextSpecific;
    let number = TagNumber::new(number);
    let field = ContextSpecific::<T>::decode_explicit(fields, number)?;
    field
        .map(|field| field.value)
        .ok_or_else(|| number.context_specific(true).value_error())
}
