//! The header of a GGUF file: where its tensors lie, and the few words about itself that are read.
//!
//! Format: docs/gguf.md of ggml. Everything is little-endian; lengths are u64 and believed only as
//! far as the file reaches.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

/// Names and texts that are kept; longer ones are refused, and none is needed.
const TEXT_BYTES_MAX: u64 = 64 << 10;
const TENSORS_MAX: u64 = 100_000;
const PAIRS_MAX: u64 = 100_000;
/// Arrays of arrays are allowed by the format and written by nobody.
const DEPTH_MAX: usize = 4;
const ALIGNMENT: u64 = 32;

/// One tensor; dimensions as written, the innermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TensorInfo {
    pub(super) dimensions: Vec<u64>,
    pub(super) kind: u32,
    /// From the start of the data.
    pub(super) offset: u64,
}

#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) architecture: Option<String>,
    pub(super) tensors: BTreeMap<String, TensorInfo>,
    /// Where the data begin.
    pub(super) start: u64,
}

impl Header {
    /// Reads from the beginning of a file.
    pub(super) fn read(source: impl BufRead) -> io::Result<Self> {
        let mut words = Words { source, at: 0 };
        if words.take::<4>()? != *b"GGUF" {
            return Err(malformed("it does not begin with GGUF"));
        }
        let version = words.u32()?;
        if !(2..=3).contains(&version) {
            return Err(malformed(format!("it is of version {version}")));
        }
        let tensors = words.count(TENSORS_MAX, "tensors")?;
        let pairs = words.count(PAIRS_MAX, "keys")?;
        let mut header = Self::default();
        let mut alignment = ALIGNMENT;
        for _ in 0..pairs {
            header.read_pair(&mut words, &mut alignment)?;
        }
        for _ in 0..tensors {
            let (name, info) = words.tensor()?;
            if header.tensors.insert(name, info).is_some() {
                return Err(malformed("a tensor stands twice"));
            }
        }
        header.start = words.at.next_multiple_of(alignment);
        Ok(header)
    }

    fn read_pair(
        &mut self,
        words: &mut Words<impl BufRead>,
        alignment: &mut u64,
    ) -> io::Result<()> {
        let key = words.text()?;
        let kind = words.u32()?;
        match (key.as_str(), kind) {
            ("general.architecture", TEXT) => self.architecture = Some(words.text()?),
            ("general.alignment", U32) => {
                *alignment = u64::from(words.u32()?);
                if !alignment.is_power_of_two() || *alignment > 1 << 20 {
                    return Err(malformed("its alignment is no power of two"));
                }
            }
            _ => words.skip_value(kind, 0)?,
        }
        Ok(())
    }
}

const U32: u32 = 4;
const TEXT: u32 = 8;
const LIST: u32 = 9;

/// Bytes of a plain value.
fn width(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

/// A reader that counts.
struct Words<R> {
    source: R,
    at: u64,
}

impl<R: BufRead> Words<R> {
    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn u32(&mut self) -> io::Result<u32> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    fn count(&mut self, most: u64, what: &str) -> io::Result<u64> {
        let count = self.u64()?;
        if count > most {
            return Err(malformed(format!("it claims {count} {what}")));
        }
        Ok(count)
    }

    fn text(&mut self) -> io::Result<String> {
        let len = self.count(TEXT_BYTES_MAX, "letters in a name")?;
        let mut bytes = Vec::new();
        self.source.by_ref().take(len).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += len;
        String::from_utf8(bytes).map_err(|_bytes| malformed("a name is not UTF-8"))
    }

    fn tensor(&mut self) -> io::Result<(String, TensorInfo)> {
        let name = self.text()?;
        let count = self.u32()?;
        if count > 4 {
            return Err(malformed(format!("{name} has {count} dimensions")));
        }
        let dimensions = (0..count).map(|_| self.u64()).collect::<io::Result<_>>()?;
        let (kind, offset) = (self.u32()?, self.u64()?);
        Ok((
            name,
            TensorInfo {
                dimensions,
                kind,
                offset,
            },
        ))
    }

    fn skip_value(&mut self, kind: u32, depth: usize) -> io::Result<()> {
        match (kind, width(kind)) {
            (_, Some(width)) => self.skip(width),
            (TEXT, None) => {
                let len = self.u64()?;
                self.skip(len)
            }
            (LIST, None) if depth < DEPTH_MAX => self.skip_list(depth),
            (_, None) => Err(malformed(format!("a value is of the kind {kind}"))),
        }
    }

    fn skip_list(&mut self, depth: usize) -> io::Result<()> {
        let (kind, count) = (self.u32()?, self.u64()?);
        if let Some(width) = width(kind) {
            let len = count.checked_mul(width);
            return self.skip(len.ok_or_else(|| malformed("a list is endless"))?);
        }
        // Every further value takes at least eight bytes, so a lying count ends at the end of the file.
        for _ in 0..count {
            self.skip_value(kind, depth + 1)?;
        }
        Ok(())
    }

    fn skip(&mut self, len: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.source.by_ref().take(len), &mut io::sink())?;
        self.at += skipped;
        if skipped == len {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

fn malformed(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> Vec<u8> {
        [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
    }

    fn file() -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend(1_u64.to_le_bytes());
        bytes.extend(3_u64.to_le_bytes());
        bytes.extend(text("general.architecture"));
        bytes.extend(8_u32.to_le_bytes());
        bytes.extend(text("llama"));
        bytes.extend(text("tokenizer.ggml.tokens"));
        bytes.extend(9_u32.to_le_bytes());
        bytes.extend(8_u32.to_le_bytes());
        bytes.extend(2_u64.to_le_bytes());
        bytes.extend(text("a"));
        bytes.extend(text("bc"));
        bytes.extend(text("llama.context_length"));
        bytes.extend(4_u32.to_le_bytes());
        bytes.extend(7_u32.to_le_bytes());
        bytes.extend(text("token_embd.weight"));
        bytes.extend(2_u32.to_le_bytes());
        bytes.extend(64_u64.to_le_bytes());
        bytes.extend(10_u64.to_le_bytes());
        bytes.extend(8_u32.to_le_bytes());
        bytes.extend(0_u64.to_le_bytes());
        bytes
    }

    #[test]
    fn tensors_are_found_behind_values_nobody_needs() {
        let header = Header::read(file().as_slice()).unwrap();

        assert_eq!(header.architecture.as_deref(), Some("llama"));
        assert_eq!(header.tensors["token_embd.weight"].dimensions, [64, 10]);
        assert_eq!(header.start, (file().len() as u64).next_multiple_of(32));
    }

    #[test]
    fn every_truncation_is_refused() {
        let whole = file();

        for len in 0..whole.len() {
            assert!(Header::read(&whole[..len]).is_err(), "{len} bytes");
        }
    }

    proptest! {
        #[test]
        fn no_change_of_a_byte_is_more_than_a_refusal(at in 0_usize..200, byte: u8) {
            let mut bytes = file();
            let at = at % bytes.len();
            bytes[at] = byte;

            let read = Header::read(bytes.as_slice());

            prop_assert!(read.is_err() || read.is_ok_and(|h| h.tensors.len() <= 1));
        }
    }
}
