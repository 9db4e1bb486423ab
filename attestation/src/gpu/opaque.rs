//! The report's opaque data: what the device says of itself, as type, length, value.

use super::spdm::BadReport;
use std::collections::BTreeMap;

const DRIVER_VERSION: u16 = 3;
const VBIOS_VERSION: u16 = 6;
const NVDEC0_STATUS: u16 = 11;
const CHIP_SKU: u16 = 15;
const PROJECT: u16 = 17;
const PROJECT_SKU: u16 = 18;
const FWID: u16 = 20;
const NVDEC0_DISABLED: u8 = 0x55;

/// The fields, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opaque(BTreeMap<u16, Vec<u8>>);

pub(super) fn parse(bytes: &[u8]) -> Result<Opaque, BadReport> {
    let mut fields = BTreeMap::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (kind, value, after) = field(rest).ok_or(BadReport::Opaque("a field is cut"))?;
        if fields.insert(kind, value.to_vec()).is_some() {
            return Err(BadReport::Opaque("a field appears twice"));
        }
        rest = after;
    }
    Ok(Opaque(fields))
}

fn field(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (kind, rest) = bytes.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
    Some((u16::from_le_bytes(*kind), value, rest))
}

impl Opaque {
    /// The driver's version; switches have none.
    pub(crate) fn driver(&self) -> Option<String> {
        self.text(DRIVER_VERSION)
    }

    /// The VBIOS version as people write it: `96.00.5E.00.01`.
    pub(crate) fn vbios(&self) -> Option<String> {
        match self.0.get(&VBIOS_VERSION)?.as_slice() {
            // A GPU's: a little-endian word and one byte more, then padding.
            &[a, b, c, d, last, 0, 0, 0] => {
                Some(format!("{d:02X}.{c:02X}.{b:02X}.{a:02X}.{last:02X}"))
            }
            _switch => self.text(VBIOS_VERSION),
        }
    }

    /// The board, as the VBIOS' reference file is named after it.
    pub(crate) fn board(&self) -> Option<String> {
        let parts = [PROJECT, PROJECT_SKU, CHIP_SKU].map(|kind| self.text(kind));
        let [Some(project), Some(sku), Some(chip)] = parts else {
            return None;
        };
        Some(format!("{project}_{sku}_{chip}"))
    }

    /// What the leaf certificate's firmware id must be, where the firmware says it.
    pub(crate) fn fwid(&self) -> Option<&[u8]> {
        self.0.get(&FWID).map(Vec::as_slice)
    }

    /// All of them, by type, as the device wrote them.
    #[cfg(feature = "cli")]
    pub(crate) fn fields(&self) -> impl Iterator<Item = (u16, &[u8])> {
        self.0.iter().map(|(kind, value)| (*kind, value.as_slice()))
    }

    pub(crate) fn nvdec0_disabled(&self) -> bool {
        self.0.get(&NVDEC0_STATUS).map(Vec::as_slice) == Some(&[NVDEC0_DISABLED])
    }

    /// Printable text, up to the zeros that pad it.
    fn text(&self, kind: u16) -> Option<String> {
        let value = self.0.get(&kind)?;
        let text = value.split(|&byte| byte == 0).next()?;
        let printable = !text.is_empty() && text.iter().all(u8::is_ascii_graphic);
        let text = printable
            .then(|| std::str::from_utf8(text).ok())
            .flatten()?;
        Some(text.to_owned())
    }
}
