//! Ids, digests, amounts and times; no two of them can be swapped by accident.

use alloy_primitives::U256;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Seconds since the Unix epoch, as the chain counts them.
pub type Seconds = u64;

/// Text that is not `0x` and two hexadecimal digits for each byte of the id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 0x and two hexadecimal digits for each byte")]
pub struct BadHex;

macro_rules! word {
    ($(#[$doc:meta])* $name:ident[$size:literal]) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $size]);

        impl $name {
            pub const fn as_bytes(&self) -> &[u8; $size] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x{}", hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadHex;

            fn from_str(text: &str) -> Result<Self, BadHex> {
                let digits = text.strip_prefix("0x").ok_or(BadHex)?;
                let mut bytes = [0; $size];
                hex::decode_to_slice(digits, &mut bytes).map_err(|_digits| BadHex)?;
                Ok(Self(bytes))
            }
        }

        impl From<[u8; $size]> for $name {
            fn from(bytes: [u8; $size]) -> Self {
                Self(bytes)
            }
        }

        /// Text for people and their tools, plain bytes for the journal.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                if to.is_human_readable() {
                    to.collect_str(self)
                } else {
                    self.0.serialize(to)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                if from.is_human_readable() {
                    let text = String::deserialize(from)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    Deserialize::deserialize(from).map(Self)
                }
            }
        }
    };
}

word! {
    /// Names an order, and so the task that serves it: the order's EIP-712 digest.
    TaskId[32]
}
word! {
    /// A 0G storage root: the merkle root that names bytes anybody can fetch and check.
    Root[32]
}
word! {
    /// A SHA-256 digest of content that stays inside the enclave or travels beside it.
    Digest[32]
}
word! {
    /// The digest of a recipe's canonical JSON.
    RecipeDigest[32]
}

word! {
    /// What a verifier chose so that the answer cannot be an old one.
    ChallengeNonce[32]
}
word! {
    /// Names one boot of one node.
    BootId[16]
}

/// The right to speak for a node at one broker: of two, the higher one holds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Fence(pub u64);

/// An amount of money in the chain's smallest unit.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Wei(pub U256);

impl Wei {
    pub const ZERO: Self = Self(U256::ZERO);

    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl From<u64> for Wei {
    fn from(amount: u64) -> Self {
        Self(U256::from(amount))
    }
}

impl fmt::Display for Wei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} wei", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = TaskId([0xa5; 32]);

        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_id_is_text_in_json() {
        let id = BootId([0x0f; 16]);

        let json = serde_json::to_string(&id).unwrap();

        assert_eq!(json, format!("\"0x{}\"", "0f".repeat(16)));
        assert_eq!(serde_json::from_str::<BootId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<Root>(&json).is_err());
    }

    #[test]
    fn an_id_of_the_wrong_length_is_refused() {
        assert_eq!("0x1234".parse::<Root>(), Err(BadHex));
        assert_eq!("a5".repeat(32).parse::<Root>(), Err(BadHex));
    }
}
