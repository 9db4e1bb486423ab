//! Why a message from outside is not what it should be, and where.

use crate::{BadKey, BadPublicKey, BadSignature, UnknownCallError, UnknownReason};
use std::fmt;

/// A message that does not become a checked form: the field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    path: String,
    fault: Fault,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("is missing")]
    Missing,
    #[error("is {bytes} bytes, the limit is {max}")]
    TooLong { bytes: usize, max: usize },
    #[error("is {bytes} bytes, at least {min} are needed")]
    TooShort { bytes: usize, min: usize },
    #[error("is {bytes} bytes, {expected} are expected")]
    WrongLength { bytes: usize, expected: usize },
    #[error("has {count} elements, the limit is {max}")]
    TooMany { count: usize, max: usize },
    #[error("is {value}, the limit is {max}")]
    TooLarge { value: u64, max: u64 },
    #[error("is {value}, at least {min} is needed")]
    TooSmall { value: u64, min: u64 },
    #[error("is {value}, which this version does not know")]
    Unknown { value: i64 },
    #[error("is not a finite number")]
    NotFinite,
    #[error("has a control character at byte {at}")]
    ControlCharacter { at: usize },
    #[error("is all zeros; leave it out to mean none")]
    Zero,
    #[error(transparent)]
    Key(#[from] BadKey),
    #[error(transparent)]
    PublicKey(#[from] BadPublicKey),
    #[error(transparent)]
    Signature(#[from] BadSignature),
    #[error(transparent)]
    Reason(#[from] UnknownReason),
    #[error(transparent)]
    CallError(#[from] UnknownCallError),
    #[error("is not protobuf")]
    NotProtobuf,
    #[error("is not the protobuf message it should be: {0}")]
    Undecodable(#[from] prost::DecodeError),
}

impl Malformed {
    /// The field, as in `submission.order.signature` or `nodes[3].offer`; empty for the whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub const fn fault(&self) -> &Fault {
        &self.fault
    }

    fn inside(mut self, outer: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') {
            ""
        } else {
            "."
        };
        self.path = format!("{outer}{dot}{}", self.path);
        self
    }
}

impl<F: Into<Fault>> From<F> for Malformed {
    fn from(fault: F) -> Self {
        Self {
            path: String::new(),
            fault: fault.into(),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = if self.path.is_empty() {
            "the message"
        } else {
            &self.path
        };
        write!(f, "{whole} {}", self.fault)
    }
}

impl std::error::Error for Malformed {}

/// Names the field a fault was found in, from the inside out.
pub(crate) trait At<T> {
    fn at(self, field: &str) -> Result<T, Malformed>;
    fn at_index(self, index: usize) -> Result<T, Malformed>;
}

impl<T> At<T> for Result<T, Malformed> {
    fn at(self, field: &str) -> Self {
        self.map_err(|malformed| malformed.inside(field))
    }

    fn at_index(self, index: usize) -> Self {
        self.map_err(|malformed| malformed.inside(&format!("[{index}]")))
    }
}
