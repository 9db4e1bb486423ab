//! The two tables: the steps of each target, and what the steps need.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("cannot read {}: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot write {}: {source}", path.display())]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot understand {}: {why}", path.display())]
    Parse { path: PathBuf, why: String },
    #[error("cannot start {program}: {source}")]
    Start {
        program: String,
        source: std::io::Error,
    },
    #[error("cannot listen for signals: {0}")]
    Signals(std::io::Error),
    #[error("there is no target `{0}`; `make help` tells those there are")]
    NoTarget(String),
    #[error("there is no step `{step}` in `{target}`; it has: {known}")]
    NoStep {
        target: String,
        step: String,
        known: String,
    },
    /// A sentence that says it all.
    #[error("{0}")]
    Plain(String),
    #[error("{program} failed: {words}")]
    Asked {
        program: &'static str,
        words: String,
    },
}

#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) root: PathBuf,
    pub(crate) targets: BTreeMap<String, String>,
    pub(crate) steps: Vec<Step>,
    pub(crate) items: BTreeMap<String, Item>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) target: String,
    pub(crate) name: String,
    pub(crate) says: String,
    pub(crate) run: Vec<String>,
    #[serde(default)]
    pub(crate) folder: PathBuf,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) needs: Vec<String>,
    #[serde(default)]
    pub(crate) otherwise: Vec<String>,
    #[serde(default)]
    pub(crate) counts: bool,
}

/// One thing to be set up, by where it comes from.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Item {
    Tool {
        pins: PathBuf,
        build: Option<String>,
    },
    Crate {
        build: String,
    },
    Python {
        pins: PathBuf,
    },
    Npm {
        folder: PathBuf,
    },
    Debian {
        package: String,
        program: String,
        /// A folder with one of each version, and the program in its `bin`.
        within: Option<PathBuf>,
        /// Without it the steps go on, and what needs it says that it was left out.
        #[serde(default)]
        optional: bool,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    targets: BTreeMap<String, String>,
    step: Vec<Step>,
    /// A step of the target `fuzz` for each package of fuzzers, by its folder.
    #[serde(default)]
    fuzz: BTreeMap<String, String>,
}

impl Table {
    pub(crate) fn load(root: &Path) -> Result<Self, Trouble> {
        let Steps {
            targets,
            mut step,
            fuzz,
        } = read(&root.join("xtask/steps.toml"))?;
        step.extend(fuzz.into_iter().map(Step::fuzzing));
        let items = read(&root.join("xtask/setup.toml"))?;
        Ok(Self {
            root: root.to_owned(),
            targets,
            steps: step,
            items,
        })
    }

    /// The steps of a target, or those of them that are named.
    pub(crate) fn steps_of(&self, target: &str, only: &[&str]) -> Result<Vec<&Step>, Trouble> {
        let all: Vec<&Step> = self
            .steps
            .iter()
            .filter(|step| step.target == target)
            .collect();
        if all.is_empty() {
            return Err(Trouble::NoTarget(target.to_owned()));
        }
        if let Some(stranger) = only
            .iter()
            .find(|name| all.iter().all(|step| step.name != **name))
        {
            return Err(Trouble::NoStep {
                target: target.to_owned(),
                step: (*stranger).to_owned(),
                known: all
                    .iter()
                    .map(|step| step.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            });
        }
        Ok(all
            .into_iter()
            .filter(|step| only.is_empty() || only.contains(&step.name.as_str()))
            .collect())
    }
}

impl Step {
    fn fuzzing((name, folder): (String, String)) -> Self {
        Self {
            target: "fuzz".to_owned(),
            says: format!("the fuzzers of {folder}, ten minutes each"),
            name,
            run: ["xtask", "fuzz-targets", &folder].map(str::to_owned).into(),
            folder: PathBuf::new(),
            env: BTreeMap::new(),
            needs: vec!["cargo-fuzz".to_owned()],
            otherwise: Vec::new(),
            counts: false,
        }
    }
}

pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Trouble> {
    let text = read_text(path)?;
    toml::from_str(&text).map_err(|error| Trouble::Parse {
        path: path.to_owned(),
        why: error.to_string(),
    })
}

pub(crate) fn read_text(path: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(path).map_err(|source| Trouble::Read {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::load(crate::root()).expect("the tables of this checkout are readable")
    }

    #[test]
    fn every_target_has_steps_and_every_step_a_target() {
        let table = table();

        for target in table.targets.keys() {
            assert!(
                table.steps_of(target, &[]).is_ok(),
                "{target} is an empty promise"
            );
        }
        for step in &table.steps {
            assert!(
                table.targets.contains_key(&step.target),
                "{} belongs to nothing",
                step.name
            );
        }
    }

    #[test]
    fn a_step_needs_only_what_can_be_set_up() {
        let table = table();

        for step in &table.steps {
            for need in &step.needs {
                assert!(
                    table.items.contains_key(need),
                    "{} needs {need}, which is not in setup.toml",
                    step.name
                );
            }
        }
    }

    #[test]
    fn every_package_of_fuzzers_in_the_checkout_has_its_step() {
        let table = table();
        let packages = std::fs::read_dir(&table.root).expect("the checkout can be listed");
        let packages = packages.filter_map(|entry| entry.ok()?.file_name().into_string().ok());

        let there: Vec<String> = packages
            .map(|package| format!("{package}/fuzz"))
            .filter(|folder| table.root.join(folder).join("Cargo.toml").is_file())
            .collect();

        assert!(!there.is_empty());
        for folder in there {
            let steps = table
                .steps_of("fuzz", &[])
                .expect("there is a target for them");
            assert!(
                steps.iter().any(|step| step.run.contains(&folder)),
                "{folder} has no line under [fuzz] in steps.toml"
            );
        }
    }

    #[test]
    fn no_two_steps_of_a_target_share_a_name() {
        let table = table();

        let mut names: Vec<_> = table
            .steps
            .iter()
            .map(|step| (&step.target, &step.name))
            .collect();
        names.sort();
        names.dedup();

        assert_eq!(names.len(), table.steps.len());
    }

    #[test]
    fn the_makefile_offers_exactly_the_targets_that_are_declared() {
        let makefile = read_text(&crate::root().join("Makefile")).expect("there is a Makefile");

        let offered = makefile
            .lines()
            .find_map(|line| line.strip_prefix("TARGETS :="));
        let mut offered: Vec<_> = offered
            .expect("the Makefile lists its targets")
            .split_whitespace()
            .collect();
        offered.sort_unstable();

        assert_eq!(offered, table().targets.keys().collect::<Vec<_>>());
    }

    #[test]
    fn a_step_that_is_not_there_is_refused_with_those_that_are() {
        let refusal = table()
            .steps_of("test", &["fmt", "nonsense"])
            .expect_err("there is no such step");

        assert!(refusal.to_string().contains("`nonsense`"));
        assert!(refusal.to_string().contains("clippy"));
    }
}
