//! Whether an order may come in: the breaker, and the operator's wish to drain.

use super::{Breaker, Cause};
use crate::clock::SystemClock;
use crate::files;
use crate::ports::Clock;
use proto::{Reason, Seconds};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, fs, io};
use tokio::sync::watch;
use tracing::{info, warn};

/// Failures in a row that open a gate made without a configuration.
const FAILURES_MAX: u32 = 3;

/// Shared by who notices trouble, who asks for entry and the operator.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    clock: Arc<dyn Clock>,
    /// Where the operator's causes survive a restart.
    kept: Option<PathBuf>,
}

#[derive(Debug)]
struct State {
    breaker: Breaker,
    draining: bool,
}

/// How the gate stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    pub draining: bool,
    pub causes: Vec<(Cause, Seconds)>,
}

#[derive(Debug, thiserror::Error)]
pub enum GateError {
    #[error("cannot read what opened the breaker before, {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} does not say what opened the breaker; remove it to close the breaker")]
    Garbled {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
}

impl Gate {
    /// Open to all, remembering nothing.
    pub fn new(failures_max: u32, clock: Arc<dyn Clock>) -> Self {
        Self::with(Breaker::new(failures_max), clock, None)
    }

    /// As an earlier run of this node left it in the file at `path`.
    pub fn recalled(
        failures_max: u32,
        clock: Arc<dyn Clock>,
        path: PathBuf,
    ) -> Result<Self, GateError> {
        let mut breaker = Breaker::new(failures_max);
        for (cause, since) in read(&path)? {
            breaker.trouble(cause, since);
        }
        Ok(Self::with(breaker, clock, Some(path)))
    }

    fn with(breaker: Breaker, clock: Arc<dyn Clock>, kept: Option<PathBuf>) -> Self {
        let state = State {
            breaker,
            draining: false,
        };
        Self(Arc::new(Inner {
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
            clock,
            kept,
        }))
    }

    /// Whether new work may come in, or why not.
    pub fn admits(&self) -> Result<(), Reason> {
        let state = self.state();
        if state.draining {
            return Err(Reason::Draining);
        }
        if state.breaker.is_open() {
            return Err(Reason::BreakerOpen);
        }
        Ok(())
    }

    pub fn standing(&self) -> Standing {
        let state = self.state();
        Standing {
            draining: state.draining,
            causes: state.breaker.causes().collect(),
        }
    }

    pub fn trouble(&self, cause: Cause) {
        let now = self.0.clock.now();
        self.change(|state| state.breaker.trouble(cause, now));
    }

    pub fn well(&self, cause: Cause) {
        self.change(|state| state.breaker.well(cause));
    }

    /// Trouble or well, as an observer sees it.
    pub fn observe(&self, cause: Cause, is_well: bool) {
        if is_well {
            self.well(cause);
        } else {
            self.trouble(cause);
        }
    }

    pub fn failed(&self, reason: Reason) {
        let now = self.0.clock.now();
        self.change(|state| state.breaker.failed(reason, now));
    }

    pub fn succeeded(&self) {
        self.change(|state| state.breaker.succeeded());
    }

    pub fn drain(&self, drain: bool) {
        self.change(|state| state.draining = drain);
    }

    pub fn reset(&self) {
        self.change(|state| state.breaker.reset());
    }

    /// To be woken whenever the gate's standing changes.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        let (before, draining) = (state.breaker.clone(), state.draining);
        change(&mut state);
        if draining != state.draining {
            info!(code = "N-GATE-001", draining = state.draining, "drain");
        }
        tell(&before, &state.breaker);
        if before.kept() != state.breaker.kept() {
            self.keep(&state.breaker.kept());
        }
        drop(state);
        self.0.changed.send_replace(());
    }

    /// Not being able to remember must not keep a breaker from opening.
    fn keep(&self, causes: &BTreeMap<Cause, Seconds>) {
        let Some(path) = &self.0.kept else {
            return;
        };
        let json = serde_json::to_vec(causes).expect("causes have text keys");
        if let Err(error) = files::write_whole(path, &json) {
            warn!(code = "N-GATE-004", %error, "the breaker's state cannot be kept on disk");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new(FAILURES_MAX, Arc::new(SystemClock))
    }
}

fn tell(before: &Breaker, after: &Breaker) {
    for (cause, _since) in after.causes() {
        if !before.causes().any(|(held, _since)| held == cause) {
            let heals_itself = cause.heals_itself();
            warn!(
                code = "N-GATE-002",
                cause = cause.word(),
                heals_itself,
                "breaker: {cause}"
            );
        }
    }
    for (cause, _since) in before.causes() {
        if !after.causes().any(|(held, _since)| held == cause) {
            info!(
                code = "N-GATE-003",
                cause = cause.word(),
                "breaker: no longer so"
            );
        }
    }
}

fn read(path: &Path) -> Result<BTreeMap<Cause, Seconds>, GateError> {
    let json = match fs::read(path) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(source) => {
            let path = path.to_owned();
            return Err(GateError::Read { path, source });
        }
    };
    serde_json::from_slice(&json).map_err(|source| GateError::Garbled {
        path: path.to_owned(),
        source,
    })
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gate").field(&*self.state()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operators_cause_survives_a_restart_and_goes_with_a_reset() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("breaker.json");
        let open = || Gate::recalled(2, Arc::new(SystemClock), path.clone()).unwrap();
        let first = open();
        first.trouble(Cause::LowDisk);
        first.failed(Reason::TrainerFailed);
        first.failed(Reason::TrainerFailed);

        let second = open();
        let causes: Vec<_> = second
            .standing()
            .causes
            .iter()
            .map(|&(cause, _)| cause)
            .collect();
        assert_eq!(causes, [Cause::FailuresInARow]);
        assert_eq!(second.admits(), Err(Reason::BreakerOpen));

        second.reset();
        assert_eq!(open().admits(), Ok(()));
    }

    #[test]
    fn draining_is_told_before_the_breaker() {
        let gate = Gate::default();
        gate.trouble(Cause::GpuError);
        gate.drain(true);
        assert_eq!(gate.admits(), Err(Reason::Draining));

        gate.drain(false);
        assert_eq!(gate.admits(), Err(Reason::BreakerOpen));
    }

    #[test]
    fn who_waits_for_a_change_is_woken() {
        let gate = Gate::default();
        let changes = gate.changes();

        gate.trouble(Cause::ChainUnreachable);

        assert!(changes.has_changed().unwrap());
    }
}
