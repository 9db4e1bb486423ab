//! AMD's security bulletins as data: is this machine up to date, and if not, since when?

use super::consistent::Levels;
use super::{Line, Report, TcbFloor};
use crate::At;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

const COMPILED_IN: &str = include_str!("../../data/bulletins.toml");
const VERSION: u32 = 1;

/// The bulletins one judgement knows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bulletins {
    version: u32,
    /// When this list was last known to be complete.
    #[serde(deserialize_with = "moment")]
    pub as_of: At,
    #[serde(default, rename = "bulletin")]
    pub list: Vec<Bulletin>,
}

/// One bulletin, and what a report of a mended machine shows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bulletin {
    pub id: String,
    pub title: String,
    pub cves: Vec<String>,
    #[serde(deserialize_with = "moment")]
    pub published: At,
    #[serde(default)]
    pub floor: BTreeMap<Line, TcbFloor>,
    #[serde(default)]
    pub platform_require: u64,
}

/// Text that is no list of bulletins.
#[derive(Debug, thiserror::Error)]
pub enum BadBulletins {
    #[error("it is not TOML of a bulletin list's form")]
    Toml(#[from] toml::de::Error),
    #[error("it is of version {0}, this verifier knows version 1")]
    Version(u32),
}

/// How a machine stands against the bulletins published by the verifier's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The bulletins it does not meet, oldest first. Empty: up to date.
    pub open: Vec<Bulletin>,
}

impl Bulletins {
    /// The list this verifier was built with.
    pub fn compiled_in() -> Result<Self, BadBulletins> {
        Self::from_toml(COMPILED_IN)
    }

    pub fn from_toml(text: &str) -> Result<Self, BadBulletins> {
        let bulletins: Self = toml::from_str(text)?;
        match bulletins.version {
            VERSION => Ok(bulletins),
            version => Err(BadBulletins::Version(version)),
        }
    }

    pub(super) fn standing(
        &self,
        report: &Report,
        levels: Levels,
        line: Line,
        now: At,
    ) -> Standing {
        let published = self
            .list
            .iter()
            .filter(|bulletin| bulletin.published <= now);
        let open = published.filter(|bulletin| !bulletin.is_met(report, levels, line));
        let mut open: Vec<_> = open.cloned().collect();
        open.sort_by_key(|bulletin| bulletin.published);
        Standing { open }
    }
}

impl Bulletin {
    fn is_met(&self, report: &Report, levels: Levels, line: Line) -> bool {
        let floor = self.floor.get(&line).copied().unwrap_or_default();
        let settings = report.platform_info & self.platform_require == self.platform_require;
        settings && levels.all().iter().all(|level| level.reaches(floor))
    }
}

impl Standing {
    /// Since when the machine has been out of date.
    pub fn outdated_since(&self) -> Option<At> {
        self.open.first().map(|bulletin| bulletin.published)
    }
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<At, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_compiled_in_can_be_read() {
        let bulletins = Bulletins::compiled_in().unwrap();

        assert!(!bulletins.list.is_empty());
        assert!(
            bulletins
                .list
                .iter()
                .all(|bulletin| bulletin.published <= bulletins.as_of)
        );
    }

    #[test]
    fn a_bulletin_without_a_meaning_is_refused() {
        let list = "version = 1\nas_of = \"2026-01-01T00:00:00Z\"\nfloor = 3\n";

        assert!(Bulletins::from_toml(list).is_err());
    }
}
