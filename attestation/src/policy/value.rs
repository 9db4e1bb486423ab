//! Values of a policy file: bytes in hex, lists, and the word that says not to look.

use super::file::BadPolicy;
use serde::Deserialize;
use std::collections::BTreeSet;

pub(super) const UNCHECKED: &str = "unchecked";

/// A list, or the word that says not to look.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum List {
    Members(BTreeSet<String>),
    Word(String),
}

impl List {
    pub(super) fn members(
        &self,
        name: &'static str,
    ) -> Result<Option<BTreeSet<String>>, BadPolicy> {
        match self {
            Self::Members(members) => Ok(Some(members.clone())),
            Self::Word(word) if word == UNCHECKED => Ok(None),
            Self::Word(word) => Err(wrong(name, "a list or \"unchecked\"", word)),
        }
    }
}

pub(super) fn digests(
    name: &'static str,
    list: Option<&List>,
) -> Result<Option<BTreeSet<[u8; 48]>>, BadPolicy> {
    let Some(members) = list.map(|list| list.members(name)).transpose()?.flatten() else {
        return Ok(None);
    };
    members
        .iter()
        .map(|text| bytes(name, text))
        .collect::<Result<_, _>>()
        .map(Some)
}

pub(super) fn checked<const N: usize>(
    name: &'static str,
    text: Option<&str>,
) -> Result<Option<[u8; N]>, BadPolicy> {
    match text {
        None | Some(UNCHECKED) => Ok(None),
        Some(text) => bytes(name, text).map(Some),
    }
}

pub(super) fn bytes<const N: usize>(name: &'static str, text: &str) -> Result<[u8; N], BadPolicy> {
    let mut value = [0; N];
    hex::decode_to_slice(text, &mut value)
        .map_err(|_hex| wrong(name, "a value in hex of the field's length", text))?;
    Ok(value)
}

pub(super) fn wrong(name: &'static str, expected: &'static str, found: &str) -> BadPolicy {
    BadPolicy::Value {
        name,
        expected,
        found: found.to_owned(),
    }
}
