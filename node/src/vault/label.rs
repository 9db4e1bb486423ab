//! Under what something is kept, and how that is bound into its bytes.

use attestation::sealing::{Label, Purpose};
use proto::{Digest, Root, TaskId};
use ring::digest::{Context, SHA256};
use std::fmt;
use std::str::FromStr;

/// What a kept file is; each kind has a folder of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A customer's training data, opened, checked, and sealed again to this enclave.
    Dataset,
    /// The state of a training run.
    Checkpoint,
    /// A trained adapter that is not yet sealed to its customer.
    Adapter,
    /// A record of the node's own: a recipe, a signed order, a key.
    Record,
}

/// A name that is also a file's: 1 to 128 of `a-z`, `0-9`, `.`, `_` and `-`, not
/// beginning with a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 128 of a-z, 0-9, dot, underscore and hyphen, and begins with no dot")]
pub struct BadName;

impl Kind {
    pub const ALL: [Self; 4] = [Self::Dataset, Self::Checkpoint, Self::Adapter, Self::Record];

    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Checkpoint => "checkpoint",
            Self::Adapter => "adapter",
            Self::Record => "record",
        }
    }

    const fn purpose(self) -> Purpose {
        match self {
            Self::Dataset | Self::Adapter => Purpose::Staged,
            Self::Checkpoint => Purpose::Checkpoint,
            Self::Record => Purpose::Record,
        }
    }
}

/// Kind and name, as the 32 bytes every chunk of the file is bound to.
pub(super) fn label(kind: Kind, name: &Name) -> Label {
    let mut hash = Context::new(&SHA256);
    hash.update(b"sealtune vault v1\0");
    hash.update(kind.folder().as_bytes());
    hash.update(b"\0");
    hash.update(name.as_str().as_bytes());
    let mut context = [0; 32];
    context.copy_from_slice(hash.finish().as_ref());
    Label {
        purpose: kind.purpose(),
        context,
    }
}

impl Name {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Hexadecimal digits are always a name.
    fn of_bytes(bytes: &[u8]) -> Self {
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        Self(digits.collect())
    }
}

impl From<TaskId> for Name {
    fn from(id: TaskId) -> Self {
        Self::of_bytes(id.as_bytes())
    }
}

impl From<Digest> for Name {
    fn from(digest: Digest) -> Self {
        Self::of_bytes(digest.as_bytes())
    }
}

impl From<Root> for Name {
    fn from(root: Root) -> Self {
        Self::of_bytes(root.as_bytes())
    }
}

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        let good =
            (1..=128).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(plain);
        good.then(|| Self(text.into())).ok_or(BadName)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
