//! The report's ECDSA P-384 signature: R and S, each 72 bytes, little-endian.

use super::field::Fields;
use super::report::{REPORT_LENGTH, Report};
use ring::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};

const R: usize = 0x2a0;
const S: usize = 0x2e8;
const SCALAR: usize = 48;
/// Above R, above S, and from behind the signature to the end.
const UNSIGNED: [std::ops::Range<usize>; 3] = [0x2d0..0x2e8, 0x318..0x330, 0x330..REPORT_LENGTH];

/// Whether the P-384 key (an uncompressed point) signed the report.
pub(super) fn verifies(report: &[u8], key: &[u8]) -> bool {
    let at = Fields(report);
    let (Some(signed), Some(signature)) = (at.range(Report::SIGNED), big_endian(at)) else {
        return false;
    };
    UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, key)
        .verify(signed, &signature)
        .is_ok()
}

/// The first byte that no signature covers and that is not zero.
pub(super) fn first_stray_byte(report: &[u8]) -> Option<usize> {
    UNSIGNED.into_iter().find_map(|range| {
        let bytes = report.get(range.clone())?;
        let offset = bytes.iter().position(|&byte| byte != 0)?;
        range.start.checked_add(offset)
    })
}

/// The signature as OpenSSL reads it: a DER sequence of R and S.
pub fn signature_der(report: &[u8]) -> Option<Vec<u8>> {
    use der::{Encode, asn1::UintRef};
    let both = big_endian(Fields(report))?;
    let (r, s) = both.split_at_checked(SCALAR)?;
    let parts = [UintRef::new(r).ok()?, UintRef::new(s).ok()?];
    parts.to_vec().to_der().ok()
}

fn big_endian(at: Fields<'_>) -> Option<[u8; 2 * SCALAR]> {
    let (r, s) = (at.bytes::<SCALAR>(R)?, at.bytes::<SCALAR>(S)?);
    let mut both = [0; 2 * SCALAR];
    let reversed = r.iter().rev().chain(s.iter().rev());
    both.iter_mut()
        .zip(reversed)
        .for_each(|(to, from)| *to = *from);
    Some(both)
}
