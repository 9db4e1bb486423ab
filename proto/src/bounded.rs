//! Text, bytes, lists and numbers that are within their limits because they exist.

use crate::Fault;
use crate::hexed::hexed;
use bytes::Bytes;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::ops::Deref;

/// One line of text of at most `MAX` bytes. It has no control characters, so a
/// stranger's words cannot drive the terminal that shows them.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Text<const MAX: usize>(String);

/// `MIN` to `MAX` bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Blob<const MAX: usize, const MIN: usize = 0>(Bytes);

/// At most `MAX` elements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct List<T, const MAX: usize>(Vec<T>);

/// A figure that is a number: not NaN, not infinite, and zero has one sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize)]
pub struct Finite(f64);

impl<const MAX: usize> Text<MAX> {
    pub fn new(text: impl Into<String>) -> Result<Self, Fault> {
        let text = text.into();
        if text.len() > MAX {
            let bytes = text.len();
            return Err(Fault::TooLong { bytes, max: MAX });
        }
        match text.find(char::is_control) {
            Some(at) => Err(Fault::ControlCharacter { at }),
            None => Ok(Self(text)),
        }
    }

    /// The text made to fit: control characters become spaces, what is too long is cut.
    pub fn fitted(text: &str) -> Self {
        let mut text = text.replace(char::is_control, " ");
        text.truncate(text.floor_char_boundary(MAX));
        Self(text)
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

impl<const MAX: usize, const MIN: usize> Blob<MAX, MIN> {
    pub fn new(bytes: impl Into<Bytes>) -> Result<Self, Fault> {
        let bytes = bytes.into();
        let len = bytes.len();
        if MIN == MAX && len != MAX {
            return Err(Fault::WrongLength {
                bytes: len,
                expected: MAX,
            });
        }
        if len > MAX {
            return Err(Fault::TooLong {
                bytes: len,
                max: MAX,
            });
        }
        if len < MIN {
            return Err(Fault::TooShort {
                bytes: len,
                min: MIN,
            });
        }
        Ok(Self(bytes))
    }

    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    fn to_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl<const MAX: usize, const MIN: usize> Deref for Blob<MAX, MIN> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// The size only: what is inside may be a customer's.
impl<const MAX: usize, const MIN: usize> fmt::Debug for Blob<MAX, MIN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl<const MAX: usize, const MIN: usize> TryFrom<&[u8]> for Blob<MAX, MIN> {
    type Error = Fault;

    fn try_from(bytes: &[u8]) -> Result<Self, Fault> {
        Self::new(Bytes::copy_from_slice(bytes))
    }
}

hexed!([const MAX: usize, const MIN: usize] Blob<MAX, MIN>);

impl<T, const MAX: usize> List<T, MAX> {
    pub fn new(elements: Vec<T>) -> Result<Self, Fault> {
        let count = elements.len();
        if count > MAX {
            return Err(Fault::TooMany { count, max: MAX });
        }
        Ok(Self(elements))
    }

    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> Deref for List<T, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const MAX: usize> IntoIterator for List<T, MAX> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T, const MAX: usize> IntoIterator for &'a List<T, MAX> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(from)?).map_err(D::Error::custom)
    }
}

impl Finite {
    pub fn new(figure: f64) -> Result<Self, Fault> {
        if figure.is_finite() {
            // Adding zero turns -0.0 into 0.0 and changes nothing else.
            Ok(Self(figure + 0.0))
        } else {
            Err(Fault::NotFinite)
        }
    }

    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Eq for Finite {}

impl<'de> Deserialize<'de> for Finite {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(from)?).map_err(D::Error::custom)
    }
}
