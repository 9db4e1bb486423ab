//! Where the log goes: text on a terminal, JSON otherwise, always on standard error.

use crate::config::{Log, LogFormat};
use std::fmt;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, registry};

/// What is logged, to be changed while the node runs.
#[derive(Clone)]
pub struct Filter(Option<Handle<Targets, Registry>>);

pub fn start(log: &Log) -> Result<Filter, TryInitError> {
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr);
    let lines = match log.format {
        LogFormat::Auto if stderr().is_terminal() => lines.boxed(),
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).boxed(),
        LogFormat::Auto | LogFormat::Json => lines.json().boxed(),
    };
    let (filter, handle) = reload::Layer::new(log.filter.clone());
    registry().with(lines.with_filter(filter)).try_init()?;
    Ok(Filter(Some(handle)))
}

impl Filter {
    /// Changes nothing: for who logs elsewhere.
    pub fn none() -> Self {
        Self(None)
    }

    pub fn set(&self, filter: Targets) {
        if let Some(handle) = &self.0 {
            // It fails only when the log is gone.
            let _gone = handle.reload(filter);
        }
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").finish_non_exhaustive()
    }
}
