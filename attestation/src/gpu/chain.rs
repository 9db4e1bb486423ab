//! NVIDIA's two roots, and what a device's leaf certificate says of its firmware.

use crate::x509::Cert;
use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{Decode, Reader, SliceReader};

/// What a verifier believes of devices before it has seen any.
#[derive(Clone, Copy)]
pub(crate) struct Roots<'a> {
    pub(super) device: &'a [u8],
    pub(super) rim: &'a [u8],
}

/// "NVIDIA Device Identity CA", SHA-256 102bf659…, without an end; and
/// "NVIDIA `CoRIM` signing Root CA", SHA-256 12977b51….
pub(super) const NVIDIA: Roots<'static> = Roots {
    device: include_bytes!("../../roots/nvidia/device.der"),
    rim: include_bytes!("../../roots/nvidia/rim.der"),
};

/// TCG DICE: which firmware the leaf's key was made for.
const DICE_FWID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.5.4.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");

/// The firmware id a device's leaf certificate was issued for.
pub(super) fn fwid(leaf: &Cert) -> Option<Vec<u8>> {
    let mut values = leaf
        .extensions()
        .filter(|(oid, _critical, _value)| *oid == DICE_FWID);
    let (_oid, _critical, value) = values.next()?;
    let only = values.next().is_none();
    only.then(|| read_fwid(value).ok()).flatten()
}

/// `CompositeDeviceID`: version, the device's key, then algorithm and digest.
fn read_fwid(value: &[u8]) -> der::Result<Vec<u8>> {
    let mut reader = SliceReader::new(value)?;
    let fwid = reader.sequence(|fields| {
        u8::decode(fields)?;
        fields.tlv_bytes()?;
        fields.sequence(|fwid| {
            if ObjectIdentifier::decode(fwid)? != SHA384 {
                return Err(der::Tag::ObjectIdentifier.value_error());
            }
            Ok(OctetStringRef::decode(fwid)?.as_bytes().to_vec())
        })
    })?;
    reader.finish(fwid)
}
