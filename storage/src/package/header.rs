//! The one tar header an entry of this name and size has.
//!
//! POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header".

pub(super) const BLOCK: usize = 512;

/// What fits into a header's eleven octal digits.
const SIZE_MAX: u64 = 0o777_7777_7777;

const NAME_MAX: usize = 100;
const PREFIX_MAX: usize = 155;

/// What stands where the true name does not fit; the record before it has that.
const LONG_NAME: &str = "long-name";
const RECORDS_NAME: &str = "pax-records";

/// Pax records are a name and a size: this is more than both.
pub(super) const RECORDS_BYTES_MAX: u64 = 4096;

/// All header blocks of an entry: one, or a pax record and one.
pub(super) fn blocks(name: &str, size: u64) -> Vec<u8> {
    let split = split(name);
    let mut records = Vec::new();
    if split.is_none() {
        records.extend(record("path", name));
    }
    if size > SIZE_MAX {
        records.extend(record("size", &size.to_string()));
    }
    let mut blocks = Vec::new();
    if !records.is_empty() {
        let length = u64::try_from(records.len()).expect("records are short");
        blocks.extend(block("", RECORDS_NAME, length, b'x'));
        records.resize(records.len().next_multiple_of(BLOCK), 0);
        blocks.extend(records);
    }
    let (prefix, name) = split.unwrap_or(("", LONG_NAME));
    let size = if size > SIZE_MAX { 0 } else { size };
    blocks.extend(block(prefix, name, size, b'0'));
    blocks
}

/// The first cut at a slash that makes both parts fit.
fn split(name: &str) -> Option<(&str, &str)> {
    if name.len() <= NAME_MAX {
        return Some(("", name));
    }
    let (at, _slash) = name
        .match_indices('/')
        .find(|(at, _)| name.len() - at - 1 <= NAME_MAX)?;
    (at <= PREFIX_MAX).then(|| (&name[..at], &name[at + 1..]))
}

/// A pax record, whose own length is part of it.
fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}").into_bytes()
}

fn block(prefix: &str, name: &str, size: u64, kind: u8) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    put(329, b"0000000\x000000000\0");
    put(345, prefix.as_bytes());
    let sum: u32 = block.iter().copied().map(u32::from).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// What a header block says, before it is compared with the one it has to be.
pub(super) struct Claim {
    pub(super) kind: u8,
    pub(super) name: Option<String>,
    pub(super) size: Option<u64>,
}

pub(super) fn claim(block: &[u8; BLOCK]) -> Claim {
    let (name, prefix) = (text(&block[..100]), text(&block[345..500]));
    let name = match (name, prefix) {
        (Some(name), Some("")) => Some(name.to_owned()),
        (Some(name), Some(prefix)) => Some(format!("{prefix}/{name}")),
        _ => None,
    };
    let size = text(&block[124..136]).and_then(|digits| u64::from_str_radix(digits, 8).ok());
    Claim {
        kind: block[156],
        name,
        size,
    }
}

/// The name and size that pax records give.
pub(super) fn read_records(records: &[u8]) -> Option<(Option<String>, Option<u64>)> {
    let mut rest = std::str::from_utf8(records).ok()?;
    let (mut path, mut size) = (None, None);
    while !rest.is_empty() {
        let (length, _) = rest.split_once(' ')?;
        let line = rest.get(..length.parse().ok()?)?;
        rest = rest.get(line.len()..)?;
        let (key, value) = line
            .get(length.len() + 1..)?
            .strip_suffix('\n')?
            .split_once('=')?;
        match key {
            "path" => path = Some(value.to_owned()),
            "size" => size = Some(value.parse().ok()?),
            _ => return None,
        }
    }
    Some((path, size))
}

/// A field up to its first zero.
fn text(field: &[u8]) -> Option<&str> {
    let end = field
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(field.len());
    std::str::from_utf8(&field[..end]).ok()
}
