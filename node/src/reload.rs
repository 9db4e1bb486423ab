//! The configuration read again while the node runs: what may change, changes.

use crate::config::{self, Config, ConfigError, Key};
use crate::operator::{Reload, Reloaded};
use crate::telemetry::Filter;
use async_trait::async_trait;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tracing::{info, warn};

/// Keys, or sections, that change without a restart.
const LIVE: &[&str] = &["log.filter"];

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
        self.current.send_replace(Arc::new(config));
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

fn is_live(path: &str) -> bool {
    LIVE.iter()
        .any(|live| path == *live || (live.ends_with('.') && path.starts_with(live)))
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
