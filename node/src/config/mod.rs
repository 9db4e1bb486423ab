//! What the operator decides: one TOML file, checked whole before anything starts.
//!
//! Every problem is reported at once, with its path; an unknown key is a problem.

mod about;
mod api;
mod chain;
mod device;
mod offer;
mod reader;
mod shown;
mod storage;
mod traces;
mod trainer;

pub use api::{Api, Breaker, Operator};
pub use chain::ChainConfig;
pub use device::{DeviceConfig, DeviceKind};
pub use offer::{Amount, OfferConfig};
pub use reader::Problem;
pub use shown::{Key, Origin, keys, template};
pub use storage::StorageConfig;
pub use trainer::TrainerConfig;

use crate::conductor::Capacity;
use proto::Digest;
use reader::Section;
use ring::digest::SHA256;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tasks::Limits;
use tracing_subscriber::filter::Targets;

#[derive(Clone, Debug)]
pub struct Config {
    pub state: State,
    pub capacity: Capacity,
    pub api: Api,
    pub operator: Operator,
    pub breaker: Breaker,
    /// How long a first stop waits for what runs.
    pub grace: Duration,
    pub log: Log,
    /// Where traces go, where they go anywhere.
    pub traces: Option<String>,
    pub device: DeviceConfig,
    pub storage: StorageConfig,
    /// Without these two the node stands by.
    pub chain: Option<ChainConfig>,
    pub offer: OfferConfig,
    /// SHA-256 of the file: what the evidence names.
    pub digest: Digest,
    pub trainer: TrainerConfig,
}

/// What must survive a restart.
#[derive(Clone, Debug)]
pub struct State {
    pub folder: PathBuf,
    pub journal_key: PathBuf,
}

#[derive(Clone, Debug)]
pub struct Log {
    pub filter: Targets,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    Text,
    Json,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the configuration is not TOML")]
    Syntax(#[source] Box<toml::de::Error>),
    #[error("{0}")]
    Problems(Problems),
}

#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

impl Config {
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.into(),
            source,
        })?;
        Self::parse(&text)
    }

    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::explained(text).0
    }

    /// The configuration, and every key that was asked for on the way.
    fn explained(text: &str) -> (Result<Self, ConfigError>, Vec<Key>) {
        match toml::from_str(text) {
            Ok(table) => Self::read(table, digest(text)),
            Err(error) => (Err(ConfigError::Syntax(Box::new(error))), Vec::new()),
        }
    }

    fn read(table: toml::Table, digest: Digest) -> (Result<Self, ConfigError>, Vec<Key>) {
        let mut root = Section::root(table);
        let config = Self {
            state: root.section("state", state),
            capacity: root.section("limits", capacity),
            api: root.section("api", api::api),
            operator: root.section("operator", api::operator),
            breaker: root.section("breaker", api::breaker),
            grace: root.section("stop", grace),
            log: root.section("log", log),
            traces: root.section("traces", traces::read),
            device: root.section("device", device::read),
            storage: root.section("storage", storage::read),
            chain: root.optional_section("chain", chain::read),
            offer: root.section("offer", offer::read),
            digest,
            trainer: root.section("trainer", trainer::read),
        };
        let keys = root.keys();
        let problems = root.finish();
        let config = if problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::Problems(Problems(problems)))
        };
        (config, keys)
    }
}

fn digest(text: &str) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(ring::digest::digest(&SHA256, text.as_bytes()).as_ref());
    Digest(bytes)
}

impl State {
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal.redb")
    }

    /// The enclave's secret, sealed by the machine.
    pub fn identity(&self) -> PathBuf {
        self.folder.join("identity.key")
    }

    /// Files sealed to the enclave.
    pub fn vault(&self) -> PathBuf {
        self.folder.join("vault")
    }

    /// Unpacked base models, by root.
    pub fn models(&self) -> PathBuf {
        self.folder.join("models")
    }

    /// What the chain paid.
    pub fn payments(&self) -> PathBuf {
        self.folder.join("payments.jsonl")
    }

    /// How fast this machine trains which model.
    pub fn speeds(&self) -> PathBuf {
        self.folder.join("speeds.json")
    }

    /// What only public things lie in: certificates, evidence.
    pub fn evidence(&self) -> PathBuf {
        self.folder.join("evidence")
    }
}

fn state(section: &mut Section) -> State {
    let folder = section.path("folder");
    let journal_key = section.path_or("journal_key", folder.join("journal.key"));
    State {
        folder,
        journal_key,
    }
}

fn capacity(section: &mut Section) -> Capacity {
    Capacity {
        tasks_max: section.number("tasks_max", 64, 1..=100_000),
        duties_max: section.number("duties_max", 16, 1..=1_024),
        patience: Limits {
            stumbles_max: section.number("stumbles_max", 8, 0..=1_000),
            backoff_base_secs: section.number("backoff_base_secs", 2, 1..=3_600),
            backoff_max_secs: section.number("backoff_max_secs", 120, 1..=86_400),
        },
    }
}

fn grace(section: &mut Section) -> Duration {
    Duration::from_secs(section.number("grace_secs", 300, 0..=86_400))
}

fn log(section: &mut Section) -> Log {
    let formats = [
        ("auto", LogFormat::Auto),
        ("text", LogFormat::Text),
        ("json", LogFormat::Json),
    ];
    Log {
        filter: section.parsed("filter", "info", "a list like info,node=debug"),
        format: section.choice("format", &formats),
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(
            f,
            "the configuration has {count} problem{}",
            if count == 1 { "" } else { "s" }
        )?;
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        match Config::parse(text) {
            Err(ConfigError::Problems(Problems(found))) => {
                found.iter().map(ToString::to_string).collect()
            }
            other => panic!("expected problems, got {other:?}"),
        }
    }

    #[test]
    fn a_folder_is_all_it_needs() {
        let config = Config::parse("[state]\nfolder = '/var/lib/sealtune'").unwrap();

        assert_eq!(
            config.state.journal(),
            Path::new("/var/lib/sealtune/journal.redb")
        );
        assert_eq!(
            config.state.journal_key,
            Path::new("/var/lib/sealtune/journal.key")
        );
        assert_eq!(config.grace, Duration::from_mins(5));
    }

    #[test]
    fn every_problem_is_told_at_once_with_its_path() {
        let text = "[limits]\ntasks_max = 0\nduties_max = 'many'\n[log]\nformat = 'xml'\n[lmits]\n";

        assert_eq!(
            problems(text),
            [
                "state.folder: is required: a path",
                "limits.tasks_max: must be between 1 and 100000, found 0",
                "limits.duties_max: must be a whole number, found a string",
                "log.format: must be one of auto, text, json, found \"xml\"",
                "lmits: is not known; did you mean limits?",
            ]
        );
    }

    #[test]
    fn an_unknown_key_is_a_problem_and_names_its_neighbour() {
        let text = "[state]\nfolder = '/s'\n[stop]\ngrace_sec = 3\n";

        assert_eq!(
            problems(text),
            ["stop.grace_sec: is not known; did you mean grace_secs?"]
        );
    }

    #[test]
    fn a_section_that_is_no_table_is_a_problem() {
        assert_eq!(
            problems("stop = 3\n[state]\nfolder = '/s'"),
            ["stop: must be a table, found an integer"]
        );
    }
}
