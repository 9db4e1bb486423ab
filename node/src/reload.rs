//! The configuration read again while the node runs: what may change, changes.

use crate::api::Rates;
use crate::config::{self, Config, ConfigError, Key};
use crate::crew::Crew;
use crate::face::{Parts, quietly};
use crate::operator::{Reload, Reloaded};
use crate::signals::Hangups;
use crate::stop::Stop;
use crate::telemetry::Filter;
use async_trait::async_trait;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Keys that change without a restart: what is logged, prices, and limits.
const LIVE: &[&str] = &[
    "api.calls_per_sec",
    "api.challenges_per_min",
    "limits.tasks_max",
    "log.filter",
    "offer.ack_window_secs_max",
    "offer.compensation_max",
    "offer.customer_tasks_max",
    "offer.epochs_max",
    "offer.fee_least",
    "offer.lora_r_max",
    "offer.overhead_secs",
    "offer.penalty_bps_min",
    "offer.price_per_token",
    "offer.rows_per_step_max",
    "offer.sequence_len_max",
    "offer.steps_max",
];

/// Shared by SIGHUP and the operator's socket. A file with problems changes nothing.
#[derive(Debug)]
pub struct Reloader {
    path: PathBuf,
    filter: Filter,
    keys: Mutex<Vec<Key>>,
    current: watch::Sender<Arc<Config>>,
}

impl Reloader {
    pub fn new(path: PathBuf, config: Config, filter: Filter) -> Result<Self, ConfigError> {
        let (keys, _problems) = config::keys(&path)?;
        Ok(Self {
            path,
            filter,
            keys: Mutex::new(keys),
            current: watch::Sender::new(Arc::new(config)),
        })
    }

    /// The configuration as it is now; of a new one only the live keys count.
    pub fn current(&self) -> watch::Receiver<Arc<Config>> {
        self.current.subscribe()
    }

    /// Reads the file again.
    pub fn again(&self) -> Result<Reloaded, ConfigError> {
        let config = Config::load(&self.path)?;
        let (keys, _problems) = config::keys(&self.path)?;
        let mut known = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let (changed, needs_restart) = differences(&known, &keys)
            .into_iter()
            .partition(|path| is_live(path));
        self.filter.set(config.log.filter.clone());
        keep_live(&mut known, &keys);
        drop(known);
        self.current
            .send_modify(|current| *current = Arc::new(with_live(current, config)));
        let reloaded = Reloaded {
            changed,
            needs_restart,
        };
        tell(&reloaded);
        Ok(reloaded)
    }
}

#[async_trait]
impl Reload for Reloader {
    async fn reload(&self) -> Result<Reloaded, String> {
        self.again().map_err(|error| error.to_string())
    }
}

/// Reads the configuration again at each SIGHUP, and lets the callers' rates follow it.
pub fn join(hangups: Hangups, parts: &Parts, crew: &mut Crew, stop: &Stop) {
    let end = &parts.audience.end;
    let reload = read_again(hangups, parts.reload.clone(), end.clone());
    crew.spawn("reload", quietly(reload, stop));
    let config = parts.audience.config.clone();
    let rates = follow_rates(config, parts.rates.clone(), end.clone());
    crew.spawn("rates", quietly(rates, stop));
}

async fn follow_rates(
    mut config: watch::Receiver<Arc<Config>>,
    rates: Rates,
    end: CancellationToken,
) -> Result<(), Infallible> {
    loop {
        tokio::select! {
            () = end.cancelled() => return Ok(()),
            Ok(()) = config.changed() => rates.change(&config.borrow_and_update().api.limits),
        }
    }
}

async fn read_again(
    mut hangups: Hangups,
    reload: Arc<dyn Reload>,
    end: CancellationToken,
) -> Result<(), Infallible> {
    loop {
        tokio::select! {
            () = end.cancelled() => return Ok(()),
            () = hangups.next() => if let Err(error) = reload.reload().await {
                warn!(code = "N-CONF-003", error, "the configuration stays as it was");
            }
        }
    }
}

fn is_live(path: &str) -> bool {
    LIVE.contains(&path)
}

/// The configuration of the start, with what may change as it is in the new one.
fn with_live(current: &Config, new: Config) -> Config {
    let mut config = current.clone();
    config.log = new.log;
    config.capacity.tasks_max = new.capacity.tasks_max;
    config.api.limits.calls_per_sec = new.api.limits.calls_per_sec;
    config.api.limits.challenges_per_min = new.api.limits.challenges_per_min;
    let (offer, new) = (&mut config.offer, new.offer);
    offer.price = new.price;
    offer.fee_least = new.fee_least;
    offer.recipe = new.recipe;
    offer.compensation_max = new.compensation_max;
    offer.ack_window_secs_max = new.ack_window_secs_max;
    offer.penalty_bps_min = new.penalty_bps_min;
    offer.customer_tasks_max = new.customer_tasks_max;
    offer.overhead_secs = new.overhead_secs;
    config
}

/// What a restart would still change is told again the next time.
fn keep_live(known: &mut Vec<Key>, keys: &[Key]) {
    known.retain(|key| !is_live(&key.path));
    known.extend(keys.iter().filter(|key| is_live(&key.path)).cloned());
}

/// Keys whose value is another, or that are in one of both only.
fn differences(before: &[Key], after: &[Key]) -> Vec<String> {
    let value = |keys: &[Key], path: &str| {
        let key = keys.iter().find(|key| key.path == path);
        key.map(|key| key.value.clone())
    };
    let mut paths: Vec<_> = before
        .iter()
        .chain(after)
        .map(|key| key.path.clone())
        .collect();
    paths.sort();
    paths.dedup();
    paths.retain(|path| value(before, path) != value(after, path));
    paths
}

fn tell(reloaded: &Reloaded) {
    let Reloaded {
        changed,
        needs_restart,
    } = reloaded;
    info!(
        code = "N-CONF-001",
        ?changed,
        "the configuration was read again"
    );
    if !needs_restart.is_empty() {
        warn!(
            code = "N-CONF-002",
            ?needs_restart,
            "these keys change with a restart"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::Wei;
    use std::fs;

    fn reloader(text: &str) -> (tempfile::TempDir, Reloader) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.toml");
        fs::write(&path, text).unwrap();
        let config = Config::load(&path).unwrap();
        let reloader = Reloader::new(path, config, Filter::none()).unwrap();
        (folder, reloader)
    }

    #[test]
    fn a_live_key_changes_and_another_waits_for_a_restart_however_often_it_is_asked() {
        let (_folder, reloader) = reloader("[state]\nfolder = '/s'\n");
        let text = "[state]\nfolder = '/s'\n[log]\nfilter = 'debug'\n[stop]\ngrace_secs = 9\n";
        fs::write(&reloader.path, text).unwrap();

        let first = reloader.again().unwrap();
        let second = reloader.again().unwrap();

        assert_eq!(first.changed, ["log.filter"]);
        assert_eq!(first.needs_restart, ["stop.grace_secs"]);
        assert!(second.changed.is_empty());
        assert_eq!(second.needs_restart, ["stop.grace_secs"]);
    }

    #[test]
    fn prices_and_limits_change_and_what_is_offered_does_not() {
        let (_folder, reloader) = reloader("[state]\nfolder = '/s'\n");
        let text = "[state]\nfolder = '/s'\n[limits]\ntasks_max = 3\n\
                    [offer]\nurl = 'https://elsewhere'\nprice_per_token = '5 gwei'\n";
        fs::write(&reloader.path, text).unwrap();

        let told = reloader.again().unwrap();

        let config = reloader.current().borrow().clone();
        assert_eq!(told.changed, ["limits.tasks_max", "offer.price_per_token"]);
        assert_eq!(told.needs_restart, ["offer.url"]);
        assert_eq!(config.capacity.tasks_max, 3);
        assert_eq!(config.offer.price.0, Wei::from(5_000_000_000));
        assert_eq!(config.offer.url, "");
    }

    #[test]
    fn every_live_key_is_a_key() {
        let (_folder, reloader) = reloader("[state]\nfolder = '/s'\n");

        let keys = reloader.keys.lock().unwrap();

        for live in LIVE {
            assert!(keys.iter().any(|key| key.path == *live), "{live}");
        }
    }

    #[test]
    fn a_file_with_problems_changes_nothing() {
        let (_folder, reloader) = reloader("[state]\nfolder = '/s'\n");
        let current = reloader.current();
        fs::write(
            &reloader.path,
            "[state]\nfolder = '/s'\n[log]\nfilter = 3\n",
        )
        .unwrap();

        assert!(reloader.again().is_err());

        assert!(!current.has_changed().unwrap());
    }
}
