//! What lies at the top of the checkout, and that no crate steps outside the lint tables.

use super::Finding;
use super::metadata::Package;
use super::rules::Rules;
use crate::table::{self, Trouble};
use std::collections::BTreeSet;

pub(super) fn top(rules: &Rules, files: &[String]) -> Vec<Finding> {
    let tops: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.split('/').next())
        .collect();
    let strangers = tops
        .into_iter()
        .filter(|name| !rules.layout.top.contains(*name));
    strangers
        .map(|name| {
            Finding::Must(format!(
                "{name} lies at the top, and [layout] top does not say so"
            ))
        })
        .collect()
}

/// The ban on unsafe code and all other lints hold where a manifest takes them up.
pub(super) fn lint_tables(packages: &[Package]) -> Result<Vec<Finding>, Trouble> {
    let mut findings = Vec::new();
    for package in packages {
        let manifest: toml::Table = table::read(&package.manifest_path)?;
        if !takes_the_lints(&manifest) {
            findings.push(Finding::Must(format!(
                "{} has no `[lints] workspace = true`",
                package.name
            )));
        }
    }
    Ok(findings)
}

fn takes_the_lints(manifest: &toml::Table) -> bool {
    let lints = manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"));
    lints.and_then(toml::Value::as_bool).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::super::rules::{Layout, Names};
    use super::*;

    #[test]
    fn a_stranger_at_the_top_is_found() {
        let layout = Layout {
            top: BTreeSet::from(["node".to_owned()]),
            ..Layout::default()
        };
        let rules = Rules {
            edges: Names::new(),
            dev_edges: Names::new(),
            alone: Names::new(),
            never: Names::new(),
            layout,
        };

        let files = [
            "node/src/lib.rs",
            "misc/notes.txt",
            "misc/more.txt",
            "todo.txt",
        ]
        .map(str::to_owned);

        assert_eq!(top(&rules, &files).len(), 2);
    }

    #[test]
    fn a_manifest_with_lints_of_its_own_is_told_from_one_that_shares_ours() {
        let manifest = |text: &str| text.parse::<toml::Table>().expect("the text is TOML");

        assert!(takes_the_lints(&manifest("[lints]\nworkspace = true")));
        assert!(!takes_the_lints(&manifest(
            "[lints.rust]\nunsafe_code = \"allow\""
        )));
        assert!(!takes_the_lints(&manifest("[package]\nname = \"x\"")));
    }
}
