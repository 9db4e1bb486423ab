//! SHA-256 over labelled parts, and over a stream while it is read.

use proto::Digest;
use ring::digest::{Context, SHA256};
use std::fmt;
use std::io::{self, BufRead, Read};

/// A running SHA-256.
#[derive(Clone)]
pub struct Hasher(Context);

impl Hasher {
    /// An empty hash; `label` keeps hashes of different things apart.
    pub fn labelled(label: &str) -> Self {
        let mut hasher = Self::plain();
        hasher.part(label.as_bytes());
        hasher
    }

    /// An empty hash of bare bytes, as `sha256sum` computes it.
    pub fn plain() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Adds bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
        self
    }

    /// Adds bytes after their length, so that parts cannot run into each other.
    pub fn part(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64).raw(bytes)
    }

    /// Adds a number, little end first.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.raw(&number.to_le_bytes())
    }

    pub fn finish(self) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        Digest(bytes)
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").finish_non_exhaustive()
    }
}

/// Digests in JSON as the text people write: `0x` and hexadecimal digits.
pub mod hex_text {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::fmt::Display;
    use std::str::FromStr;

    pub fn serialize<T: Display, S: Serializer>(value: &T, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(value)
    }

    pub fn deserialize<'de, T, D>(source: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(source)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// SHA-256 of a slice.
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::plain();
    hasher.raw(bytes);
    hasher.finish()
}

/// A reader that hashes what is taken from it.
#[derive(Debug)]
pub struct HashingReader<R> {
    source: R,
    hasher: Hasher,
    bytes: u64,
}

impl<R: BufRead> HashingReader<R> {
    pub fn new(source: R) -> Self {
        Self {
            source,
            hasher: Hasher::plain(),
            bytes: 0,
        }
    }

    /// The digest of everything read so far, and how many bytes that was.
    pub fn finish(self) -> (Digest, u64) {
        (self.hasher.finish(), self.bytes)
    }
}

impl<R: BufRead> Read for HashingReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(out)?;
        self.hasher.raw(out.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }
}

impl<R: BufRead> BufRead for HashingReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What is consumed was handed out by `fill_buf` and still lies there.
        if let Ok(chunk) = self.source.fill_buf() {
            self.hasher.raw(chunk.get(..count).unwrap_or_default());
        }
        self.bytes += count as u64;
        self.source.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_a_stream_is_that_of_its_bytes() {
        let mut reader = HashingReader::new(&b"ab\ncd"[..]);
        let mut line = String::new();
        reader.read_line(&mut line).expect("memory can be read");
        reader
            .read_to_string(&mut line)
            .expect("memory can be read");

        assert_eq!(reader.finish(), (sha256(b"ab\ncd"), 5));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let hash = |a: &str, b: &str| {
            let mut hasher = Hasher::labelled("test");
            hasher.part(a.as_bytes()).part(b.as_bytes());
            hasher.finish()
        };

        assert_ne!(hash("ab", "c"), hash("a", "bc"));
    }
}
