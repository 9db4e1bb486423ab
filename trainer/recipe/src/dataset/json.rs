//! JSON as it stands in the line: keys in order, none twice, nothing too deep.
//!
//! Templates print tools and tool calls back in the order of their keys, so the
//! order is content. `serde_json::Value` sorts unless a feature changes it for
//! the whole workspace.

use super::{Fault, Limits};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::Cell;
use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses one line. What is wrong is said without repeating the line's content.
    pub fn parse(text: &str, limits: Limits) -> Result<Self, Fault> {
        let budget = Cell::new(limits.values_max);
        let broken = Cell::new(None);
        let large = Cell::new(false);
        let seed = Seed {
            depth: limits.nesting_max,
            budget: &budget,
            broken: &broken,
            large: &large,
        };
        let mut source = serde_json::Deserializer::from_str(text);
        let parsed = seed.deserialize(&mut source).and_then(|value| {
            source.end()?;
            Ok(value)
        });
        if large.get() && has_long_integer(text) {
            return Err(Fault::NumberTooLarge);
        }
        parsed.map_err(|error| {
            broken.take().unwrap_or(Fault::NotJson {
                column: error.column(),
            })
        })
    }

    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value of `key`, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        if let Self::Object(entries) = self {
            entries
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value)
        } else {
            None
        }
    }
}

/// Whether a whole number of more than 64 bits stands outside of strings. It would
/// be printed with other digits than the file has.
fn has_long_integer(text: &str) -> bool {
    let mut outside = true;
    let mut escaped = false;
    let mut number = String::new();
    for letter in text.chars().chain([' ']) {
        if !outside {
            outside = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
        } else if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '+' | '-') {
            number.push(letter);
        } else if is_long_integer(&number) {
            return true;
        } else {
            number.clear();
            outside = letter != '"';
        }
    }
    false
}

fn is_long_integer(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let whole = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    whole && number.parse::<i64>().is_err() && number.parse::<u64>().is_err()
}

/// Parses one value with what is left of the depth and of the number of values.
#[derive(Clone, Copy)]
struct Seed<'a> {
    depth: usize,
    budget: &'a Cell<usize>,
    broken: &'a Cell<Option<Fault>>,
    /// Whether a number came by that may have been rounded.
    large: &'a Cell<bool>,
}

impl Seed<'_> {
    fn refuse<E: serde::de::Error>(self, fault: Fault) -> E {
        let error = E::custom(&fault);
        self.broken.set(Some(fault));
        error
    }

    fn spend<E: serde::de::Error>(self) -> Result<(), E> {
        match self.budget.get().checked_sub(1) {
            Some(left) => {
                self.budget.set(left);
                Ok(())
            }
            None => Err(self.refuse(Fault::TooManyValues)),
        }
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(self.refuse(Fault::TooDeep)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Json, D::Error> {
        self.spend()?;
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_none<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::Unsigned(value), Json::Int))
    }

    /// Whole numbers beyond 64 bits arrive here too, already rounded.
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        if !value.is_finite() {
            return Err(self.refuse(Fault::NotANumber));
        }
        if value.abs() >= 9_223_372_036_854_775_808.0 {
            self.large.set(true);
        }
        Ok(Json::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut entries: Vec<(String, Json)> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(key) = object.next_key::<String>()? {
            self.spend()?;
            if !seen.insert(key.clone()) {
                return Err(self.refuse(Fault::KeyTwice));
            }
            entries.push((key, object.next_value_seed(inner)?));
        }
        Ok(Json::Object(entries))
    }
}

/// From any format, within the usual limits.
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let limits = Limits::default();
        let seed = Seed {
            depth: limits.nesting_max,
            budget: &Cell::new(limits.values_max),
            broken: &Cell::new(None),
            large: &Cell::new(false),
        };
        seed.deserialize(source)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => out.serialize_unit(),
            Self::Bool(value) => out.serialize_bool(*value),
            Self::Int(value) => out.serialize_i64(*value),
            Self::Unsigned(value) => out.serialize_u64(*value),
            Self::Float(value) => out.serialize_f64(*value),
            Self::Text(value) => out.serialize_str(value),
            Self::List(items) => {
                let mut list = out.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(entries) => {
                let mut map = out.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Json, Fault> {
        Json::parse(text, Limits::default())
    }

    #[test]
    fn keys_keep_their_order() {
        let parsed = parse(r#"{"b":1,"a":2}"#).expect("valid");

        assert_eq!(
            serde_json::to_string(&parsed).expect("serialisable"),
            r#"{"b":1,"a":2}"#
        );
    }

    #[test]
    fn a_key_twice_is_refused() {
        assert_eq!(parse(r#"{"a":1,"a":2}"#), Err(Fault::KeyTwice));
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));

        assert!(parse(&nested(32)).is_ok());
        assert_eq!(parse(&nested(33)), Err(Fault::TooDeep));
        assert_eq!(parse(&nested(1_000_000)), Err(Fault::TooDeep));
    }

    #[test]
    fn more_values_than_the_limit_are_refused() {
        let limits = Limits {
            values_max: 4,
            ..Limits::default()
        };

        assert!(Json::parse("[1,2,3]", limits).is_ok());
        assert_eq!(Json::parse("[1,2,3,4]", limits), Err(Fault::TooManyValues));
    }

    #[test]
    fn a_number_that_would_be_rounded_is_refused() {
        assert_eq!(parse("18446744073709551615"), Ok(Json::Unsigned(u64::MAX)));
        assert_eq!(parse("18446744073709551616"), Err(Fault::NumberTooLarge));
        assert_eq!(parse("[-9223372036854775809]"), Err(Fault::NumberTooLarge));
        assert_eq!(parse("1e20"), Ok(Json::Float(1e20)));
        assert!(parse(r#"[1e20, "18446744073709551616", "\"18446744073709551616"]"#).is_ok());
    }

    #[test]
    fn text_after_the_value_is_refused() {
        assert!(matches!(parse("{} x"), Err(Fault::NotJson { .. })));
    }
}
