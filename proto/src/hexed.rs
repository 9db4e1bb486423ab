//! Bytes as people read them: `0x` and hexadecimal digits in text formats, plain bytes in others.

/// Gives serde to a type with `to_bytes()` and `TryFrom<&[u8]>`.
macro_rules! hexed {
    ([$($bound:tt)*] $name:ty) => {
        impl<$($bound)*> serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let bytes = self.to_bytes();
                let bytes: &[u8] = bytes.as_ref();
                if to.is_human_readable() {
                    to.collect_str(&format_args!("0x{}", hex::encode(bytes)))
                } else {
                    bytes.serialize(to)
                }
            }
        }

        impl<'de, $($bound)*> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let bytes = crate::hexed::bytes(from)?;
                Self::try_from(bytes.as_slice()).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use hexed;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

pub(crate) fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    if !from.is_human_readable() {
        return Vec::deserialize(from);
    }
    let text = String::deserialize(from)?;
    let digits = text.strip_prefix("0x").ok_or(crate::BadHex);
    hex::decode(digits.map_err(D::Error::custom)?).map_err(D::Error::custom)
}
