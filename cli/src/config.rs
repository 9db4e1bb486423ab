//! The configuration: one TOML file, whose keys are all known, and what it means.

use crate::surroundings::Surroundings;
use crate::trouble::{Kind, Trouble};
use chain::{Budget, Finality, Timing};
use proto::Address;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is remembered between commands; `~/.local/share/sealtune` where left out.
    pub state: Option<PathBuf>,
    pub chain: ChainSection,
    pub account: AccountSection,
    #[serde(default)]
    pub storage: StorageSection,
    #[serde(default)]
    pub trust: TrustSection,
    #[serde(default)]
    pub node: NodeSection,
    #[serde(default)]
    pub broker: BrokerSection,
    #[serde(default)]
    pub trainer: TrainerSection,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainSection {
    pub urls: Vec<String>,
    pub chain_id: u64,
    /// The serving contract.
    pub market: Address,
    #[serde(default)]
    pub deployed_at: u64,
    /// Blocks on top that make one final; the node's own word where left out.
    pub confirmations: Option<u64>,
    #[serde(default = "poll_ms")]
    pub poll_ms: u64,
    #[serde(default = "requests_per_sec")]
    pub requests_per_sec: u32,
    #[serde(default = "patience_secs")]
    pub patience_secs: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSection {
    /// A keystore of version 3, or a raw key; mode 0600.
    pub key: PathBuf,
    pub password_file: Option<PathBuf>,
    /// 32 bytes in hex (X25519), mode 0600; derived from the wallet where left out.
    pub encryption_key: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageSection {
    /// Folders that the provider reads and writes too.
    #[serde(default)]
    pub folders: Vec<PathBuf>,
    /// Web servers' folders of content, read only.
    #[serde(default)]
    pub http: Vec<String>,
    /// 0G Storage, read only here.
    pub indexer: Option<String>,
    /// A JSON file that names an S3-compatible bucket; mode 0600.
    pub bucket: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustSection {
    /// What you demand of a machine; see docs/attestation.md.
    pub policy: Option<PathBuf>,
    /// A simulator's root in PEM. What it vouches for is no hardware.
    pub development_root: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSection {
    /// In place of what the provider wrote on chain.
    pub url: Option<String>,
    /// The key this machine shows to nodes (PKCS#8, DER); made where there is none.
    pub caller_key: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerSection {
    /// Orders go through it, and not to the node itself.
    pub url: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainerSection {
    /// The trainer, for what needs a tokenizer or tensors on this machine.
    #[serde(default = "program")]
    pub program: PathBuf,
}

impl Default for TrainerSection {
    fn default() -> Self {
        Self { program: program() }
    }
}

fn program() -> PathBuf {
    "sealtune-trainer".into()
}

const fn poll_ms() -> u64 {
    1_000
}

const fn requests_per_sec() -> u32 {
    20
}

const fn patience_secs() -> u64 {
    180
}

impl Config {
    /// Reads the file; paths in it stand beside it.
    pub fn read(path: &Path, around: &Surroundings) -> Result<Self, Trouble> {
        let text = fs::read_to_string(path).map_err(|error| {
            let what = format!("cannot read the configuration {}", path.display());
            Trouble::because(Kind::Input, &what, &error).next("ft init --help")
        })?;
        let mut config = Self::parse(&text, path)?;
        let base = path.parent().unwrap_or(Path::new("."));
        config.settle(|path| around.resolve(base, path));
        config.state.get_or_insert_with(|| around.state.clone());
        Ok(config)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Trouble> {
        toml::from_str(text).map_err(|error| {
            let what = format!("cannot use the configuration {}: {}", path.display(), error);
            Trouble::new(Kind::Input, what.trim_end()).next("ft init --help")
        })
    }

    fn settle(&mut self, at: impl Fn(&Path) -> PathBuf) {
        let paths = [
            self.state.as_mut(),
            Some(&mut self.account.key),
            self.account.password_file.as_mut(),
            self.account.encryption_key.as_mut(),
            self.storage.bucket.as_mut(),
            self.trust.policy.as_mut(),
            self.trust.development_root.as_mut(),
            self.node.caller_key.as_mut(),
        ];
        let folders = self.storage.folders.iter_mut().map(Some);
        for path in paths.into_iter().chain(folders).flatten() {
            *path = at(path);
        }
        // A bare name is looked up where programs are.
        if self.trainer.program.components().count() > 1 {
            self.trainer.program = at(&self.trainer.program);
        }
    }

    pub fn chain(&self) -> chain::Config {
        let section = &self.chain;
        let plain = chain::Config::new(section.urls.clone(), section.chain_id, section.market);
        let finality = section.confirmations.map(Finality::Depth);
        chain::Config {
            deployed_at: section.deployed_at,
            finality: finality.unwrap_or(Finality::Tag),
            timing: Timing {
                poll: Duration::from_millis(section.poll_ms),
                patience: Duration::from_secs(section.patience_secs),
                ..Timing::default()
            },
            budget: Budget {
                per_second: section.requests_per_sec,
                burst: section.requests_per_sec.saturating_mul(2),
            },
            ..plain
        }
    }

    pub fn poll(&self) -> Duration {
        Duration::from_millis(self.chain.poll_ms.max(10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "[chain]\nurls = ['http://127.0.0.1:8545']\nchain_id = 1\n\
        market = '0x0000000000000000000000000000000000000001'\n[account]\nkey = 'wallet.json'\n";

    #[test]
    fn paths_stand_beside_the_file_and_a_bare_program_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, LEAST).unwrap();

        let config = Config::read(&path, &Surroundings::read()).unwrap();

        assert_eq!(config.account.key, folder.path().join("wallet.json"));
        assert_eq!(config.trainer.program, Path::new("sealtune-trainer"));
        assert_eq!(config.chain().finality, Finality::Tag);
    }

    #[test]
    fn a_key_nobody_knows_is_an_error() {
        let text = format!("{LEAST}pasword_file = 'x'\n");

        let trouble = Config::parse(&text, Path::new("c.toml")).unwrap_err();

        assert_eq!(trouble.kind(), Kind::Input);
        assert!(trouble.to_string().contains("pasword_file"), "{trouble}");
    }
}
