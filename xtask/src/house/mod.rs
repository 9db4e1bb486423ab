//! The checks the house makes of itself: who uses whom, what lies where, how long it is.
//!
//! What they compare with is `xtask/edges.toml`. Only what neither the compiler nor clippy nor
//! cargo-deny can see is looked at here.

mod edges;
mod foreign;
mod layout;
mod metadata;
mod rules;
mod source;

use crate::table::{self, Trouble};
use rules::Rules;
use std::fmt;
use std::path::Path;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    /// The house does not stand with this.
    Must(String),
    /// A wish; it is told and nothing more.
    Should(String),
}

/// Prints what is found; true when nothing must change.
pub(crate) fn inspect(root: &Path) -> Result<bool, Trouble> {
    let findings = findings(root)?;
    for finding in &findings {
        println!("{finding}");
    }
    Ok(!findings.iter().any(Finding::is_serious))
}

fn findings(root: &Path) -> Result<Vec<Finding>, Trouble> {
    let rules: Rules = table::read(&root.join("xtask/edges.toml"))?;
    let packages = metadata::packages(root)?;
    let files = metadata::files(root)?;
    let mut findings = edges::compare(&rules, &packages);
    findings.extend(foreign::alone(&rules, &packages));
    findings.extend(foreign::never(&rules, &packages, |package| {
        metadata::shipped(root, package)
    })?);
    findings.extend(layout::top(&rules, &files));
    findings.extend(layout::lint_tables(&packages)?);
    findings.extend(source::inspect(root, &rules, &files)?);
    Ok(findings)
}

impl Finding {
    fn is_serious(&self) -> bool {
        match self {
            Self::Must(_) => true,
            Self::Should(_) => false,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Must(what) => write!(f, "must: {what}"),
            Self::Should(what) => write!(f, "should: {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_in_order() {
        let findings = findings(crate::root()).expect("the checkout is readable");

        let serious: Vec<_> = findings
            .iter()
            .filter(|finding| finding.is_serious())
            .collect();

        assert!(serious.is_empty(), "{serious:#?}");
    }
}
