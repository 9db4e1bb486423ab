//! What the operator decides: one TOML file, read and checked whole before anything starts.

use crate::desk::Limits;
use crate::dispatch::Patience;
use crate::door::DoorLimits;
use crate::market::Market;
use crate::relay::Quotas;
use crate::session::Settings;
use proto::{Address, Seconds};
use serde::Deserialize;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The whole of it. A key that is not known is a mistake, not a wish.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub books: BooksConfig,
    pub market: MarketConfig,
    pub nodes: NodesConfig,
    #[serde(default)]
    pub api: ApiConfig,
    #[serde(default)]
    pub operator: OperatorConfig,
    pub relay: RelayConfig,
    #[serde(default)]
    pub orders: OrdersConfig,
    pub ledger: LedgerConfig,
    #[serde(default)]
    pub log: LogConfig,
    #[serde(default)]
    pub stop: StopConfig,
}

/// Exactly one of the two; a password stands in a file of its own.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BooksConfig {
    address: Option<String>,
    address_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketConfig {
    pub chain_id: u64,
    pub contract: Address,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodesConfig {
    /// What the broker demands of nodes, in the verifier's own format.
    pub policy: PathBuf,
    /// A development root in PEM; without it only the vendors' roots count.
    pub development_root: Option<PathBuf>,
    #[serde(default = "heartbeat_secs")]
    pub heartbeat_secs: u32,
    #[serde(default = "silence_secs_max")]
    pub silence_secs_max: u32,
    /// How long a judgement holds.
    #[serde(default = "judgement_secs")]
    pub judgement_secs: Seconds,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiConfig {
    pub listen: SocketAddr,
    pub connections_max: usize,
    pub connections_per_peer_max: usize,
    pub calls_per_sec: u64,
    pub streams_per_connection_max: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OperatorConfig {
    pub listen: SocketAddr,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayConfig {
    pub folder: PathBuf,
    #[serde(default = "blob_bytes_max")]
    pub blob_bytes_max: u64,
    #[serde(default = "customer_bytes_max")]
    pub customer_bytes_max: u64,
    #[serde(default = "kept_secs")]
    pub kept_secs: Seconds,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrdersConfig {
    pub customer_orders_max: u32,
    pub answer_secs: Seconds,
    pub start_secs: Seconds,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerConfig {
    /// 32 bytes that sign the ledger's heads; made at the first start.
    pub key: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    #[default]
    Auto,
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StopConfig {
    pub grace_secs: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the configuration is not as it should be")]
    Syntax(#[source] Box<toml::de::Error>),
    #[error("{key} {what}")]
    Value {
        key: &'static str,
        what: &'static str,
    },
}

impl Config {
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&read(path)?)
    }

    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self =
            toml::from_str(text).map_err(|error| ConfigError::Syntax(Box::new(error)))?;
        config.checked()
    }

    fn checked(self) -> Result<Self, ConfigError> {
        let books = &self.books;
        let rules = [
            (
                books.address.is_some() != books.address_file.is_some(),
                "books.address",
                "or books.address_file is needed, and only one of them",
            ),
            (
                (1..=3_600).contains(&self.nodes.heartbeat_secs),
                "nodes.heartbeat_secs",
                "is 1 to 3600",
            ),
            (
                self.nodes.silence_secs_max > self.nodes.heartbeat_secs,
                "nodes.silence_secs_max",
                "is more than nodes.heartbeat_secs",
            ),
            (
                self.nodes.judgement_secs >= 120,
                "nodes.judgement_secs",
                "is 120 at least",
            ),
            (
                self.api.connections_max > 0 && self.api.connections_per_peer_max > 0,
                "api.connections_max",
                "and api.connections_per_peer_max are 1 at least",
            ),
            (
                self.api.calls_per_sec > 0,
                "api.calls_per_sec",
                "is 1 at least",
            ),
            (
                self.orders.answer_secs > 0 && self.orders.start_secs > 0,
                "orders.answer_secs",
                "and orders.start_secs are 1 at least",
            ),
        ];
        let broken = rules.into_iter().find(|(holds, ..)| !holds);
        match broken {
            Some((_, key, what)) => Err(ConfigError::Value { key, what }),
            None => Ok(self),
        }
    }

    pub fn market(&self) -> Market {
        Market {
            chain_id: self.market.chain_id,
            contract: self.market.contract,
        }
    }

    pub fn settings(&self) -> Settings {
        Settings {
            heartbeat_secs: self.nodes.heartbeat_secs,
            silence_secs_max: self.nodes.silence_secs_max,
            ..Settings::default()
        }
    }

    pub fn patience(&self) -> Patience {
        Patience {
            answer_secs: self.orders.answer_secs,
            start_secs: self.orders.start_secs,
            ..Patience::default()
        }
    }

    pub fn limits(&self) -> Limits {
        Limits {
            customer_orders_max: self.orders.customer_orders_max,
        }
    }

    pub fn quotas(&self) -> Quotas {
        Quotas {
            blob_bytes_max: self.relay.blob_bytes_max,
            customer_bytes_max: self.relay.customer_bytes_max,
            kept_secs: self.relay.kept_secs,
        }
    }

    pub fn door(&self) -> DoorLimits {
        DoorLimits {
            connections: self.api.connections_max,
            connections_per_peer: self.api.connections_per_peer_max,
            calls_per_sec: self.api.calls_per_sec,
            streams_per_connection: self.api.streams_per_connection_max,
        }
    }

    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.stop.grace_secs)
    }
}

impl BooksConfig {
    pub fn address(&self) -> Result<String, ConfigError> {
        match (&self.address, &self.address_file) {
            (_, Some(file)) => Ok(read(file)?.trim().to_owned()),
            (address, None) => Ok(address.clone().unwrap_or_default()),
        }
    }
}

/// An address may hold a password.
impl fmt::Debug for BooksConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BooksConfig").finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.into(),
        source,
    })
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            listen: ([0, 0, 0, 0], 7_710).into(),
            connections_max: 16_384,
            connections_per_peer_max: 256,
            calls_per_sec: 100,
            streams_per_connection_max: 64,
        }
    }
}

impl Default for OperatorConfig {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 7_711).into(),
        }
    }
}

impl Default for OrdersConfig {
    fn default() -> Self {
        let (limits, patience) = (Limits::default(), Patience::default());
        Self {
            customer_orders_max: limits.customer_orders_max,
            answer_secs: patience.answer_secs,
            start_secs: patience.start_secs,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Auto,
        }
    }
}

impl Default for StopConfig {
    fn default() -> Self {
        Self { grace_secs: 30 }
    }
}

fn heartbeat_secs() -> u32 {
    Settings::default().heartbeat_secs
}

fn silence_secs_max() -> u32 {
    Settings::default().silence_secs_max
}

/// Evidence is asked for anew every six hours.
fn judgement_secs() -> Seconds {
    6 * 3_600
}

fn blob_bytes_max() -> u64 {
    Quotas::default().blob_bytes_max
}

fn customer_bytes_max() -> u64 {
    Quotas::default().customer_bytes_max
}

fn kept_secs() -> Seconds {
    Quotas::default().kept_secs
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"
        [books]
        address = "sqlite:/tmp/books.db?mode=rwc"
        [market]
        chain_id = 31337
        contract = "0x0000000000000000000000000000000000000001"
        [nodes]
        policy = "/etc/sealtune/policy.toml"
        [relay]
        folder = "/var/lib/sealtune-broker/blobs"
        [ledger]
        key = "/var/lib/sealtune-broker/ledger.key"
    "#;

    #[test]
    fn the_least_configuration_is_enough() {
        let config = Config::parse(LEAST).unwrap();

        assert_eq!(config.settings(), Settings::default());
        assert_eq!(
            config.books.address().unwrap(),
            "sqlite:/tmp/books.db?mode=rwc"
        );
    }

    #[test]
    fn a_key_nobody_knows_is_a_mistake() {
        let more = LEAST.replace("[market]", "[market]\nchain = 1");

        assert!(matches!(Config::parse(&more), Err(ConfigError::Syntax(_))));
    }

    #[test]
    fn a_node_may_be_silent_for_longer_than_between_two_beats() {
        let short = LEAST.replace("[nodes]", "[nodes]\nsilence_secs_max = 10");

        let error = Config::parse(&short).unwrap_err();

        assert!(
            error.to_string().starts_with("nodes.silence_secs_max"),
            "{error}"
        );
    }

    #[test]
    fn a_password_is_never_shown() {
        let config = Config::parse(&LEAST.replace("sqlite:", "postgres://me:secret@")).unwrap();

        assert!(!format!("{config:?}").contains("secret"));
    }
}
