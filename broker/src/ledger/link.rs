//! The chain of hashes, and the text it is kept in.

use super::Entry;
use ring::digest;
use std::fmt;

/// How far a ledger has come: so many entries, and the hash of the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Links {
    pub count: u64,
    pub hash: [u8; 32],
}

/// An entry in its place: the text that is hashed, and the hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub hash: [u8; 32],
    pub text: String,
}

impl Links {
    /// The next link; the chain is longer by it.
    pub fn append(&mut self, entry: &Entry) -> Result<Link, serde_json::Error> {
        let text = serde_json::to_string(entry)?;
        Ok(self.append_text(text))
    }

    pub(super) fn append_text(&mut self, text: String) -> Link {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(&self.hash);
        hash.update(text.as_bytes());
        let mut next = [0; 32];
        next.copy_from_slice(hash.finish().as_ref());
        *self = Self {
            count: self.count.saturating_add(1),
            hash: next,
        };
        Link { hash: next, text }
    }
}

/// As it stands in a ledger.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", hex::encode(self.hash), self.text)
    }
}
