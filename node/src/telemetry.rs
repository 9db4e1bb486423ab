//! Where the log goes: text on a terminal, JSON otherwise, always on standard error.

use crate::config::{Log, LogFormat};
use std::io::{IsTerminal, stderr};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, fmt, registry};

pub fn start(log: &Log) -> Result<(), TryInitError> {
    let lines = fmt::layer().with_writer(stderr);
    let lines = match log.format {
        LogFormat::Auto if stderr().is_terminal() => lines.boxed(),
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).boxed(),
        LogFormat::Auto | LogFormat::Json => lines.json().boxed(),
    };
    registry()
        .with(lines.with_filter(log.filter.clone()))
        .try_init()
}
