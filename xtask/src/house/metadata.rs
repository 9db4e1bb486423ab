//! What cargo and git know about the checkout.

use crate::table::Trouble;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One of our crates, as its manifest has it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) manifest_path: PathBuf,
    pub(super) dependencies: Vec<Dependency>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    #[serde(default)]
    pub(super) kind: Kind,
    /// Set for our own crates, which come from a folder.
    pub(super) path: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "Option<String>")]
pub(super) enum Kind {
    /// In the program: normal and build dependencies.
    #[default]
    Shipped,
    Dev,
}

pub(super) fn packages(root: &Path) -> Result<Vec<Package>, Trouble> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let said = ask(
        root,
        "cargo",
        &["metadata", "--locked", "--no-deps", "--format-version", "1"],
    )?;
    let metadata: Metadata = serde_json::from_str(&said).map_err(|error| Trouble::Asked {
        program: "cargo metadata",
        words: error.to_string(),
    })?;
    Ok(metadata.packages)
}

/// The names of all that the shipped form of a crate contains.
pub(super) fn shipped(root: &Path, package: &str) -> Result<BTreeSet<String>, Trouble> {
    let tree = ask(
        root,
        "cargo",
        &[
            "tree",
            "--locked",
            "-p",
            package,
            "-e",
            "normal,build",
            "--prefix",
            "none",
        ],
    )?;
    Ok(tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

/// The files that git keeps, or would keep with the next commit.
pub(super) fn files(root: &Path) -> Result<Vec<String>, Trouble> {
    let said = ask(root, "git", &["ls-files", "-z", "--cached"])?;
    Ok(said
        .split_terminator('\0')
        .map(str::to_owned)
        .filter(|file| root.join(file).exists())
        .collect())
}

fn ask(root: &Path, program: &'static str, words: &[&str]) -> Result<String, Trouble> {
    let output = Command::new(program)
        .args(words)
        .current_dir(root)
        .output()
        .map_err(|source| Trouble::Start {
            program: program.to_owned(),
            source,
        })?;
    if !output.status.success() {
        return Err(Trouble::Asked {
            program,
            words: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl From<Option<String>> for Kind {
    fn from(told: Option<String>) -> Self {
        if told.as_deref() == Some("dev") {
            Self::Dev
        } else {
            Self::Shipped
        }
    }
}

#[cfg(test)]
impl Package {
    pub(super) fn new(name: &str, dependencies: Vec<Dependency>) -> Self {
        Self {
            name: name.to_owned(),
            manifest_path: PathBuf::new(),
            dependencies,
        }
    }
}

#[cfg(test)]
impl Dependency {
    pub(super) fn ours(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            path: Some(PathBuf::from(name)),
        }
    }

    pub(super) fn foreign(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            path: None,
        }
    }
}
