//! The rules of the house, as `edges.toml` tells them.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// For each crate, the names of others.
pub(super) type Names = BTreeMap<String, BTreeSet<String>>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Rules {
    pub(super) edges: Names,
    #[serde(default)]
    pub(super) dev_edges: Names,
    pub(super) alone: Names,
    pub(super) never: Names,
    pub(super) layout: Layout,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layout {
    pub(super) top: BTreeSet<String>,
    #[serde(rename = "unsafe")]
    pub(super) unsafe_under: Vec<String>,
    pub(super) lines_wanted: usize,
    pub(super) lines_most: usize,
}

#[cfg(test)]
pub(super) fn names(table: &[(&str, &[&str])]) -> Names {
    let owned = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
    table
        .iter()
        .map(|(name, list)| ((*name).to_owned(), owned(list)))
        .collect()
}
