//! Foreign crates: who alone may name them, and what must not be in a program at any depth.

use super::Finding;
use super::metadata::{Kind, Package};
use super::rules::Rules;
use crate::table::Trouble;
use std::collections::BTreeSet;

pub(super) fn alone(rules: &Rules, packages: &[Package]) -> Vec<Finding> {
    packages
        .iter()
        .flat_map(|package| trespasses(rules, package))
        .collect()
}

/// `shipped` tells all that a crate contains; it is asked only about crates that there are.
pub(super) fn never(
    rules: &Rules,
    packages: &[Package],
    shipped: impl Fn(&str) -> Result<BTreeSet<String>, Trouble>,
) -> Result<Vec<Finding>, Trouble> {
    let mut findings = Vec::new();
    for (name, banned) in &rules.never {
        if !packages.iter().any(|package| package.name == *name) {
            findings.push(Finding::Must(format!(
                "[never] names {name}, which is no crate of ours"
            )));
            continue;
        }
        let inside = shipped(name)?;
        findings.extend(banned.intersection(&inside).map(|other| {
            Finding::Must(format!(
                "{name} contains {other}; see `cargo tree -p {name} -i {other}`"
            ))
        }));
    }
    Ok(findings)
}

fn trespasses(rules: &Rules, package: &Package) -> Vec<Finding> {
    let shipped = package
        .dependencies
        .iter()
        .filter(|other| other.kind == Kind::Shipped);
    let banned = shipped.filter(|other| {
        rules
            .alone
            .get(&other.name)
            .is_some_and(|may| !may.contains(&package.name))
    });
    banned
        .map(|other| {
            Finding::Must(format!(
                "{} uses {}, which is for others in [alone]",
                package.name, other.name
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Dependency;
    use super::super::rules::{Layout, Names, names};
    use super::*;

    fn rules(alone: Names, never: Names) -> Rules {
        Rules {
            edges: Names::new(),
            dev_edges: Names::new(),
            alone,
            never,
            layout: Layout::default(),
        }
    }

    fn package(name: &str, foreign: &str, kind: Kind) -> [Package; 1] {
        [Package::new(name, vec![Dependency::foreign(foreign, kind)])]
    }

    #[test]
    fn a_foreign_crate_in_the_wrong_hands_is_found() {
        let rules = rules(names(&[("redb", &["node"])]), Names::new());

        assert_eq!(
            alone(&rules, &package("node", "redb", Kind::Shipped)),
            vec![]
        );
        assert_eq!(
            alone(&rules, &package("broker", "redb", Kind::Shipped)).len(),
            1
        );
    }

    #[test]
    fn tests_may_use_what_programs_may_not() {
        let rules = rules(names(&[("redb", &["node"])]), Names::new());

        assert_eq!(alone(&rules, &package("broker", "redb", Kind::Dev)), vec![]);
    }

    #[test]
    fn what_must_never_be_inside_is_found_at_any_depth() {
        let rules = rules(Names::new(), names(&[("tasks", &["tokio", "redb"])]));
        let packages = package("tasks", "innocent", Kind::Shipped);

        let deep = |_: &str| Ok(BTreeSet::from(["innocent".to_owned(), "tokio".to_owned()]));
        let findings = never(&rules, &packages, deep).expect("nothing was asked of cargo");

        assert_eq!(findings.len(), 1);
        assert!(findings[0].to_string().contains("tasks contains tokio"));
    }
}
