//! The report: an SPDM 1.1 `GET_MEASUREMENTS` request and its MEASUREMENTS response.
//!
//! ```text
//! 0    37  request: version 0x11, code 0xe0, two parameters, nonce (32), slot
//! 37    8  response: version 0x11, code 0x60, two parameters, blocks, record length (u24)
//! 45       record: blocks of index, specification, size (u16), then type, size (u16), value
//!      32  the responder's nonce
//!       2  length of the opaque data
//!          opaque data: see `opaque`
//!      96  signature, R ‖ S, big-endian, over everything before it
//! ```
//! All lengths little-endian. DMTF DSP0274 1.1, sections 10.11 and 10.12.

use super::opaque::{self, Opaque};

/// Genuine reports have at most 4.3 kB; the record length alone could say 16 MiB.
pub(crate) const REPORT_BYTES_MAX: usize = 64 * 1024;
pub(crate) const SIGNATURE_LEN: usize = 96;
const VERSION: u8 = 0x11;
const GET_MEASUREMENTS: u8 = 0xe0;
const MEASUREMENTS: u8 = 0x60;
const DMTF: u8 = 1;
const VALUE_LEN: usize = 48;

/// A report, read strictly. Nothing in it is true before its signature held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub(crate) nonce: [u8; 32],
    /// Block n + 1 is at n: blocks are numbered from one, without a gap.
    pub(crate) measurements: Vec<[u8; VALUE_LEN]>,
    pub(crate) opaque: Opaque,
    pub(crate) signed: Vec<u8>,
    pub(crate) signature: [u8; SIGNATURE_LEN],
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReport {
    #[error("{0} bytes are more than any report has")]
    TooLong(usize),
    #[error("it ends inside {0}")]
    Short(&'static str),
    #[error("{0} bytes follow the signature")]
    Trailing(usize),
    #[error("{what} is {found:#04x}, not {expected:#04x}")]
    Message {
        what: &'static str,
        expected: u8,
        found: u8,
    },
    #[error("measurement block {block}: {what}")]
    Block { block: usize, what: &'static str },
    #[error("the record has {found} bytes after its {blocks} blocks")]
    Record { blocks: u8, found: usize },
    #[error("opaque data: {0}")]
    Opaque(&'static str),
}

impl BadReport {
    /// Whether it is the length that is wrong, and not what is said.
    pub(crate) const fn is_length(&self) -> bool {
        match self {
            Self::TooLong(_) | Self::Short(_) | Self::Trailing(_) | Self::Record { .. } => true,
            Self::Message { .. } | Self::Block { .. } | Self::Opaque(_) => false,
        }
    }
}

impl Report {
    pub fn parse(bytes: &[u8]) -> Result<Self, BadReport> {
        if bytes.len() > REPORT_BYTES_MAX {
            return Err(BadReport::TooLong(bytes.len()));
        }
        let mut rest = bytes;
        let nonce = request(&mut rest)?;
        let (blocks, record) = response(&mut rest)?;
        let measurements = measurements(blocks, record)?;
        array::<32>(&mut rest, "the responder's nonce")?;
        let opaque = opaque::parse(counted(&mut rest, "the opaque data")?)?;
        let signed_len = bytes.len().saturating_sub(rest.len());
        let signature = array(&mut rest, "the signature")?;
        if !rest.is_empty() {
            return Err(BadReport::Trailing(rest.len()));
        }
        Ok(Self {
            nonce,
            measurements,
            opaque,
            signed: bytes.iter().take(signed_len).copied().collect(),
            signature,
        })
    }
}

fn request(rest: &mut &[u8]) -> Result<[u8; 32], BadReport> {
    let [version, code, _parameter1, _parameter2] = array(rest, "the request")?;
    expect("the request's version", VERSION, version)?;
    expect("the request's code", GET_MEASUREMENTS, code)?;
    let nonce = array(rest, "the request's nonce")?;
    let [_slot] = array(rest, "the request's slot")?;
    Ok(nonce)
}

fn response<'a>(rest: &mut &'a [u8]) -> Result<(u8, &'a [u8]), BadReport> {
    let [version, code, _parameter1, _parameter2, blocks, a, b, c] = array(rest, "the response")?;
    expect("the response's version", VERSION, version)?;
    expect("the response's code", MEASUREMENTS, code)?;
    let length = u32::from_le_bytes([a, b, c, 0]);
    let record = take(rest, usize::try_from(length).ok(), "the measurement record")?;
    Ok((blocks, record))
}

fn measurements(blocks: u8, record: &[u8]) -> Result<Vec<[u8; VALUE_LEN]>, BadReport> {
    let mut rest = record;
    let mut values = Vec::with_capacity(usize::from(blocks));
    for block in 1..=blocks {
        values.push(measurement(block, &mut rest)?);
    }
    if !rest.is_empty() {
        let found = rest.len();
        return Err(BadReport::Record { blocks, found });
    }
    Ok(values)
}

/// One block: a DMTF measurement holding a digest of 48 bytes, as all of NVIDIA's are.
fn measurement(number: u8, rest: &mut &[u8]) -> Result<[u8; VALUE_LEN], BadReport> {
    let block = usize::from(number);
    let wrong = |what| BadReport::Block { block, what };
    let [index, specification] = array(rest, "a measurement block")?;
    if index != number {
        return Err(wrong("it is out of order"));
    }
    if specification != DMTF {
        return Err(wrong("it is not a DMTF measurement"));
    }
    let mut inner = counted(rest, "a measurement block")?;
    // The type's top bit would mark a raw value instead of a digest.
    let [kind] = array(&mut inner, "a measurement")?;
    if kind & 0x80 != 0 {
        return Err(wrong("it is not a digest"));
    }
    let value = counted(&mut inner, "a measurement's value")?;
    if !inner.is_empty() {
        return Err(wrong("its lengths contradict each other"));
    }
    value
        .try_into()
        .map_err(|_length| wrong("its digest has not 48 bytes"))
}

fn expect(what: &'static str, expected: u8, found: u8) -> Result<(), BadReport> {
    if found == expected {
        return Ok(());
    }
    Err(BadReport::Message {
        what,
        expected,
        found,
    })
}

/// Bytes after their length as u16.
fn counted<'a>(rest: &mut &'a [u8], what: &'static str) -> Result<&'a [u8], BadReport> {
    let length = u16::from_le_bytes(array(rest, what)?);
    take(rest, Some(length.into()), what)
}

fn array<const N: usize>(rest: &mut &[u8], what: &'static str) -> Result<[u8; N], BadReport> {
    let (head, tail) = rest.split_first_chunk().ok_or(BadReport::Short(what))?;
    *rest = tail;
    Ok(*head)
}

fn take<'a>(
    rest: &mut &'a [u8],
    length: Option<usize>,
    what: &'static str,
) -> Result<&'a [u8], BadReport> {
    let split = length.and_then(|length| rest.split_at_checked(length));
    let (head, tail) = split.ok_or(BadReport::Short(what))?;
    *rest = tail;
    Ok(head)
}
