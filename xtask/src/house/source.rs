//! What a source file looks like from outside: its first line, its length, whether it is unsafe.

use super::Finding;
use super::rules::{Layout, Rules};
use crate::table::{Trouble, read_text};
use std::path::Path;

pub(super) fn inspect(
    root: &Path,
    rules: &Rules,
    files: &[String],
) -> Result<Vec<Finding>, Trouble> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| {
        Path::new(file)
            .extension()
            .is_some_and(|extension| extension == "rs")
    }) {
        findings.extend(look_at(&rules.layout, file, &read_text(&root.join(file))?));
    }
    Ok(findings)
}

fn look_at(layout: &Layout, file: &str, text: &str) -> Vec<Finding> {
    let product = is_product(file);
    let checks = [
        (product && !text.starts_with("//!"))
            .then(|| Finding::Must(format!("{file} does not open with `//!` and what it is"))),
        if product {
            length(layout, file, text)
        } else {
            None
        },
        sets_unsafe_free(layout, file, text),
    ];
    checks.into_iter().flatten().collect()
}

/// A file of tests may be long, and opens with its tests: it is read one test at a time.
fn is_product(file: &str) -> bool {
    let within = |folder: &str| file.split('/').any(|part| part == folder);
    within("src") && !within("tests") && !within("tests.rs")
}

fn length(layout: &Layout, file: &str, text: &str) -> Option<Finding> {
    let lines = text
        .lines()
        .take_while(|line| *line != "#[cfg(test)]")
        .count();
    let told = format!("{file} has {lines} lines before its tests");
    match lines {
        _ if lines > layout.lines_most => Some(Finding::Must(format!(
            "{told}; {} is the most",
            layout.lines_most
        ))),
        _ if lines > layout.lines_wanted => Some(Finding::Should(format!(
            "{told}; {} is what we like",
            layout.lines_wanted
        ))),
        _ => None,
    }
}

/// The compiler denies unsafe code wherever this attribute does not set the ban aside.
fn sets_unsafe_free(layout: &Layout, file: &str, text: &str) -> Option<Finding> {
    let kernel = layout
        .unsafe_under
        .iter()
        .any(|folder| Path::new(file).starts_with(folder));
    let lint = concat!("unsafe", "_code");
    let free = text
        .lines()
        .any(|line| line.contains(lint) && line.trim_start().starts_with('#'));
    (free && !kernel).then(|| {
        Finding::Must(format!(
            "{file} sets the ban on unsafe code aside; only {:?} may",
            layout.unsafe_under
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        Layout {
            unsafe_under: vec!["trainer/src/kernels".to_owned()],
            lines_wanted: 2,
            lines_most: 3,
            ..Layout::default()
        }
    }

    fn told(file: &str, text: &str) -> Vec<String> {
        look_at(&layout(), file, text)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_module_says_what_it_is() {
        assert_eq!(
            told("node/src/a.rs", "//! A thing.\n"),
            Vec::<String>::new()
        );
        assert_eq!(told("node/src/a.rs", "use std;\n").len(), 1);
        assert_eq!(told("node/tests/a.rs", "use std;\n"), Vec::<String>::new());
        assert_eq!(
            told("node/src/a/tests.rs", "use std;\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn long_is_a_wish_and_too_long_a_must_and_tests_do_not_count() {
        assert!(told("a/src/a.rs", "//! A\n2\n3\n")[0].starts_with("should:"));
        assert!(told("a/src/a.rs", "//! A\n2\n3\n4\n")[0].starts_with("must:"));
        assert_eq!(
            told("a/src/a.rs", "//! A\n2\n#[cfg(test)]\n4\n5\n6\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn only_kernels_set_the_ban_on_unsafe_code_aside() {
        let free = concat!("//! A\n#![allow(unsafe", "_code, reason = \"fast\")]\n");

        assert_eq!(
            told("trainer/src/kernels/dot.rs", free),
            Vec::<String>::new()
        );
        assert_eq!(told("trainer/src/kernels_not.rs", free).len(), 1);
        assert_eq!(told("node/src/a.rs", free).len(), 1);
    }
}
