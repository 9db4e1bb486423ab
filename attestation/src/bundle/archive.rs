//! A bundle as one file: a tar archive (POSIX ustar) of plain files, nothing else.
//!
//! Written the same way every time: sorted names, no times, no owners.

use super::{BUNDLE_BYTES_MAX, BadBundle, Bundle, FILES_MAX};
use std::collections::BTreeMap;

const BLOCK: usize = 512;
const NAME: std::ops::Range<usize> = 0..100;
const SIZE: std::ops::Range<usize> = 124..136;
const CHECKSUM: std::ops::Range<usize> = 148..156;
const KIND: usize = 156;
const MAGIC: std::ops::Range<usize> = 257..265;
const USTAR: &[u8] = b"ustar\x0000";
/// Headers and padding beside the files themselves, and what tar fills its last record with.
const ARCHIVE_BYTES_MAX: usize = BUNDLE_BYTES_MAX + (FILES_MAX + 24) * 2 * BLOCK;

type Block = [u8; BLOCK];

impl Bundle {
    /// Reads an archive, within the bounds of a bundle.
    pub fn from_archive(bytes: &[u8]) -> Result<Self, BadBundle> {
        if bytes.len() > ARCHIVE_BYTES_MAX {
            return Err(BadBundle::TooLarge("the archive".to_owned()));
        }
        let mut files = BTreeMap::new();
        let mut rest = bytes;
        while let Some((header, behind)) = next_header(rest)? {
            if files.len() >= FILES_MAX {
                return Err(BadBundle::TooMany);
            }
            let entry = Entry::read(header)
                .ok_or(BadBundle::Archive("a header that is no plain file's"))?;
            let (content, behind) = entry.content(behind).ok_or(CUT)?;
            if files.insert(entry.name, content.to_vec()).is_some() {
                return Err(BadBundle::Archive("the same name twice"));
            }
            rest = behind;
        }
        Self::from_files(files)
    }

    pub fn to_archive(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, content) in self.files() {
            bytes.extend_from_slice(&header(name, content.len()));
            bytes.extend_from_slice(content);
            bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        }
        bytes.extend_from_slice(&[[0; BLOCK]; 2].concat());
        bytes
    }
}

const CUT: BadBundle = BadBundle::Archive("an end in the middle of a file");

struct Entry {
    name: String,
    length: usize,
}

impl Entry {
    /// A header that says "plain file" and whose checksum is right.
    fn read(header: &Block) -> Option<Self> {
        let plain = matches!(header.get(KIND)?, b'0' | 0);
        let ustar = header.get(MAGIC)? == USTAR;
        let right = octal(header.get(CHECKSUM)?)? == checksum(header);
        if !(plain && ustar && right) {
            return None;
        }
        let name = header.get(NAME)?.split(|&byte| byte == 0).next()?;
        Some(Self {
            name: std::str::from_utf8(name).ok()?.to_owned(),
            length: octal(header.get(SIZE)?)?,
        })
    }

    /// The file's bytes and what stands behind their padding.
    fn content<'a>(&self, bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let padded = self.length.checked_next_multiple_of(BLOCK)?;
        let (blocks, rest) = bytes.split_at_checked(padded)?;
        Some((blocks.get(..self.length)?, rest))
    }
}

/// The next header, or `None` at the empty block that ends an archive.
fn next_header(bytes: &[u8]) -> Result<Option<(&Block, &[u8])>, BadBundle> {
    let (header, rest) = bytes.split_first_chunk().ok_or(CUT)?;
    if header == &[0; BLOCK] {
        return Ok(None);
    }
    Ok(Some((header, rest)))
}

fn header(name: &str, length: usize) -> Block {
    let mut header = [0; BLOCK];
    put(&mut header, 0, name.as_bytes());
    put(&mut header, 100, b"0000644\0");
    put(&mut header, 108, b"0000000\0");
    put(&mut header, 116, b"0000000\0");
    put(
        &mut header,
        SIZE.start,
        format!("{length:011o}\0").as_bytes(),
    );
    put(&mut header, 136, b"00000000000\0");
    put(&mut header, KIND, b"0");
    put(&mut header, MAGIC.start, USTAR);
    let sum = checksum(&header);
    put(
        &mut header,
        CHECKSUM.start,
        format!("{sum:06o}\0 ").as_bytes(),
    );
    header
}

fn put(header: &mut Block, offset: usize, field: &[u8]) {
    let place = header.iter_mut().skip(offset);
    place.zip(field).for_each(|(to, from)| *to = *from);
}

/// The sum of all bytes, the checksum's own counted as spaces.
fn checksum(header: &Block) -> usize {
    let bytes = header.iter().enumerate();
    bytes
        .map(|(at, &byte)| if CHECKSUM.contains(&at) { b' ' } else { byte })
        .map(usize::from)
        .fold(0, usize::saturating_add)
}

fn octal(field: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(field).ok()?;
    let digits = text.trim_matches(['\0', ' ']);
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    only_digits.then(|| usize::from_str_radix(digits, 8).ok())?
}
