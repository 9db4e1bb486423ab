//! The edges between our crates, which equal the table exactly.

use super::Finding;
use super::metadata::{Kind, Package};
use super::rules::{Names, Rules};
use std::collections::BTreeSet;

pub(super) fn compare(rules: &Rules, packages: &[Package]) -> Vec<Finding> {
    let ours: BTreeSet<&String> = packages.iter().map(|package| &package.name).collect();
    let gone = |table: &str, names: &Names| {
        let gone = names.keys().filter(|name| !ours.contains(name));
        gone.map(|name| Finding::Must(format!("[{table}] names {name}, which is no crate of ours")))
            .collect::<Vec<_>>()
    };
    let mut findings = gone("edges", &rules.edges);
    findings.extend(gone("dev-edges", &rules.dev_edges));
    for package in packages {
        findings.extend(differences(rules, package));
    }
    findings
}

fn differences(rules: &Rules, package: &Package) -> Vec<Finding> {
    let name = &package.name;
    let Some(told) = rules.edges.get(name) else {
        return vec![Finding::Must(format!("{name} is not in [edges]"))];
    };
    let nothing = BTreeSet::new();
    let told_dev = rules.dev_edges.get(name).unwrap_or(&nothing);
    let mut findings = difference("edges", name, told, &used(package, Kind::Shipped));
    findings.extend(difference(
        "dev-edges",
        name,
        told_dev,
        &used(package, Kind::Dev),
    ));
    findings
}

fn difference(
    table: &str,
    name: &str,
    told: &BTreeSet<String>,
    used: &BTreeSet<String>,
) -> Vec<Finding> {
    let more = used
        .difference(told)
        .map(|other| format!("{name} uses {other}, which [{table}] does not say"));
    let less = told
        .difference(used)
        .map(|other| format!("[{table}] says that {name} uses {other}, and it does not"));
    more.chain(less).map(Finding::Must).collect()
}

/// A crate that names itself, so that its tests get a feature, draws no edge.
fn used(package: &Package, kind: Kind) -> BTreeSet<String> {
    let ours = package
        .dependencies
        .iter()
        .filter(|other| other.path.is_some() && other.kind == kind);
    ours.map(|other| other.name.clone())
        .filter(|name| *name != package.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Dependency;
    use super::super::rules::{Layout, names};
    use super::*;

    fn rules(edges: Names, dev_edges: Names) -> Rules {
        Rules {
            edges,
            dev_edges,
            alone: Names::new(),
            never: Names::new(),
            layout: Layout::default(),
        }
    }

    fn node(kind: Kind) -> [Package; 2] {
        [
            Package::new("node", vec![Dependency::ours("proto", kind)]),
            Package::new("proto", vec![]),
        ]
    }

    fn told(findings: &[Finding]) -> String {
        findings
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn an_equal_table_is_in_order() {
        let rules = rules(names(&[("node", &["proto"]), ("proto", &[])]), Names::new());

        assert_eq!(compare(&rules, &node(Kind::Shipped)), vec![]);
    }

    #[test]
    fn an_edge_that_the_table_does_not_say_is_found() {
        let rules = rules(names(&[("node", &[]), ("proto", &[])]), Names::new());

        assert_eq!(
            told(&compare(&rules, &node(Kind::Shipped))),
            "must: node uses proto, which [edges] does not say"
        );
    }

    #[test]
    fn an_edge_that_is_no_longer_used_is_found() {
        let rules = rules(
            names(&[("node", &["proto"]), ("proto", &["node"])]),
            Names::new(),
        );

        assert_eq!(
            told(&compare(&rules, &node(Kind::Shipped))),
            "must: [edges] says that proto uses node, and it does not"
        );
    }

    #[test]
    fn a_crate_that_one_side_does_not_know_is_found() {
        let rules = rules(names(&[("node", &["proto"]), ("ghost", &[])]), Names::new());

        let told = told(&compare(&rules, &node(Kind::Shipped)));

        assert!(
            told.contains("ghost, which is no crate of ours")
                && told.contains("proto is not in [edges]"),
            "{told}"
        );
    }

    #[test]
    fn an_edge_of_the_tests_is_not_an_edge_of_the_program() {
        let rules = rules(names(&[("node", &["proto"]), ("proto", &[])]), Names::new());

        let told = told(&compare(&rules, &node(Kind::Dev)));

        assert!(
            told.contains("which [dev-edges] does not say") && told.contains("[edges] says"),
            "{told}"
        );
    }

    #[test]
    fn a_crate_that_names_itself_draws_no_edge() {
        let rules = rules(names(&[("node", &[])]), Names::new());
        let itself = Package::new("node", vec![Dependency::ours("node", Kind::Dev)]);

        assert_eq!(compare(&rules, &[itself]), vec![]);
    }
}
