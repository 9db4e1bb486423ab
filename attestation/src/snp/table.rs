//! The certificate table behind an extended report. The hypervisor writes it, so every
//! offset in it is a claim.
//!
//! ```text
//!   entry: GUID (16 bytes, as printed) · offset (u32) · length (u32)   little-endian
//!   entry ‖ entry ‖ … ‖ 24 zero bytes ‖ certificates
//! ```
//! GHCB specification, section 4.1.8.1.

use super::field::Fields;

/// Kernels deliver a few pages.
pub const TABLE_BYTES_MAX: usize = 256 * 1024;

const ENTRY: usize = 24;
const ENTRIES_MAX: usize = 64;
const VCEK: [u8; 16] = 0x63da_758d_e664_4564_adc5_f4b9_3be8_accd_u128.to_be_bytes();
const VLEK: [u8; 16] = 0xa807_4bc2_a25a_483e_aae6_39c0_45a0_b8a1_u128.to_be_bytes();
const ASK: [u8; 16] = 0x4ab7_b379_bbac_4fe4_a02f_05ae_f327_c782_u128.to_be_bytes();
const ARK: [u8; 16] = 0xc0b4_06a4_a803_4952_9743_3fb6_014c_d0ae_u128.to_be_bytes();
const CRL: [u8; 16] = 0x92f8_1bc3_5811_4d3d_97ff_d19f_88dc_67ea_u128.to_be_bytes();

/// What the host put into the table. None of it is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CertTable<'a> {
    pub vcek: Option<&'a [u8]>,
    pub vlek: Option<&'a [u8]>,
    /// The authority below the root: an ASK, or in a VLEK's table an ASVK.
    pub ask: Option<&'a [u8]>,
    pub ark: Option<&'a [u8]>,
    pub crl: Option<&'a [u8]>,
    /// How many entries had a GUID this verifier does not know.
    pub unknown: usize,
}

/// Bytes that are no certificate table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTable {
    #[error("the table has {0} bytes, more than any kernel delivers")]
    TooLong(usize),
    #[error("the table ends without an empty entry")]
    Unterminated,
    #[error("the table has more than 64 entries")]
    TooMany,
    #[error("entry {0} points outside the table")]
    Outside(usize),
    #[error("entry {0} points into the list of entries")]
    IntoHeader(usize),
    #[error("entry {0} is empty")]
    Empty(usize),
    #[error("entry {0} has the identifier of an earlier one")]
    Twice(usize),
}

struct Entry {
    guid: [u8; 16],
    offset: usize,
    length: usize,
}

impl<'a> CertTable<'a> {
    /// Reads a table. No bytes, or a list that ends at once, is a table without
    /// certificates.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BadTable> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        if bytes.len() > TABLE_BYTES_MAX {
            return Err(BadTable::TooLong(bytes.len()));
        }
        let entries = entries(bytes)?;
        let header = entries.len().saturating_add(1).saturating_mul(ENTRY);
        let mut table = Self::default();
        for (number, entry) in entries.iter().enumerate() {
            table.take(number, entry, content(bytes, number, entry, header)?)?;
        }
        Ok(table)
    }

    /// The key certificate, whichever kind it is.
    pub fn vek(&self) -> Option<&'a [u8]> {
        self.vcek.or(self.vlek)
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn take(&mut self, number: usize, entry: &Entry, content: &'a [u8]) -> Result<(), BadTable> {
        let slot = match entry.guid {
            VCEK => &mut self.vcek,
            VLEK => &mut self.vlek,
            ASK => &mut self.ask,
            ARK => &mut self.ark,
            CRL => &mut self.crl,
            _unknown => {
                self.unknown = self.unknown.saturating_add(1);
                return Ok(());
            }
        };
        if content.is_empty() {
            return Err(BadTable::Empty(number));
        }
        match slot.replace(content) {
            None => Ok(()),
            Some(_earlier) => Err(BadTable::Twice(number)),
        }
    }
}

fn entries(bytes: &[u8]) -> Result<Vec<Entry>, BadTable> {
    let mut entries = Vec::new();
    for entry in bytes.chunks_exact(ENTRY) {
        let entry = Entry::read(Fields(entry)).ok_or(BadTable::Unterminated)?;
        if entry.guid == [0; 16] {
            return Ok(entries);
        }
        if entries.len() == ENTRIES_MAX {
            return Err(BadTable::TooMany);
        }
        entries.push(entry);
    }
    Err(BadTable::Unterminated)
}

fn content<'a>(
    bytes: &'a [u8],
    number: usize,
    entry: &Entry,
    header: usize,
) -> Result<&'a [u8], BadTable> {
    if entry.offset < header {
        return Err(BadTable::IntoHeader(number));
    }
    let end = entry.offset.checked_add(entry.length);
    let range = end.map(|end| entry.offset..end);
    range
        .and_then(|range| bytes.get(range))
        .ok_or(BadTable::Outside(number))
}

impl Entry {
    fn read(at: Fields<'_>) -> Option<Self> {
        Some(Self {
            guid: at.bytes(0)?,
            offset: usize::try_from(at.u32(16)?).ok()?,
            length: usize::try_from(at.u32(20)?).ok()?,
        })
    }
}

/// Writes a table with one VCEK or VLEK and what belongs to it, as a host would.
pub fn write_table(entries: &[(TableEntry, &[u8])]) -> Vec<u8> {
    let header = entries.len().saturating_add(1).saturating_mul(ENTRY);
    let mut table = Vec::new();
    let mut offset = header;
    for (kind, content) in entries {
        table.extend_from_slice(&kind.guid());
        for number in [offset, content.len()] {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            table.extend_from_slice(&number.to_le_bytes());
        }
        offset = offset.saturating_add(content.len());
    }
    table.resize(header, 0);
    for (_kind, content) in entries {
        table.extend_from_slice(content);
    }
    table
}

/// What an entry of a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableEntry {
    Vcek,
    Vlek,
    Ask,
    Ark,
    Crl,
}

impl TableEntry {
    const fn guid(self) -> [u8; 16] {
        match self {
            Self::Vcek => VCEK,
            Self::Vlek => VLEK,
            Self::Ask => ASK,
            Self::Ark => ARK,
            Self::Crl => CRL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Vec<u8> {
        write_table(&[
            (TableEntry::Vcek, b"leaf".as_slice()),
            (TableEntry::Ask, b"middle"),
            (TableEntry::Ark, b"root"),
        ])
    }

    #[test]
    fn a_table_survives_its_bytes() {
        let bytes = sample();
        let table = CertTable::parse(&bytes).unwrap();

        assert_eq!(table.vek(), Some(b"leaf".as_slice()));
        assert_eq!(table.ask, Some(b"middle".as_slice()));
        assert_eq!(table.ark, Some(b"root".as_slice()));
    }

    #[test]
    fn nothing_is_a_table_without_certificates() {
        assert!(CertTable::parse(&[]).unwrap().is_empty());
        assert!(CertTable::parse(&[0; 4096]).unwrap().is_empty());
    }

    #[test]
    fn two_entries_of_one_kind_are_refused() {
        let twice = write_table(&[
            (TableEntry::Vcek, b"one".as_slice()),
            (TableEntry::Vcek, b"other"),
        ]);

        assert_eq!(CertTable::parse(&twice), Err(BadTable::Twice(1)));
    }

    #[test]
    fn an_entry_that_points_at_the_list_is_refused() {
        let mut bytes = sample();
        bytes[16] = 0;

        assert_eq!(CertTable::parse(&bytes), Err(BadTable::IntoHeader(0)));
    }

    #[test]
    fn an_end_beyond_all_numbers_is_refused() {
        let mut bytes = sample();
        bytes[20..24].copy_from_slice(&u32::MAX.to_le_bytes());

        assert_eq!(CertTable::parse(&bytes), Err(BadTable::Outside(0)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _verdict = CertTable::parse(&bytes);
        }

        /// Whatever is changed, what comes out lies within what went in.
        #[test]
        fn a_changed_table_never_reaches_outside(at in 0_usize..96, value in any::<u8>()) {
            let mut bytes = sample();
            bytes[at] = value;
            if let Ok(table) = CertTable::parse(&bytes) {
                let found = [table.vcek, table.vlek, table.ask, table.ark, table.crl];
                let total: usize = found.iter().flatten().map(|content| content.len()).sum();
                prop_assert!(total <= bytes.len() * 5);
            }
        }
    }
}
