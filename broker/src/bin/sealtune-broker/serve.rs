//! Running the broker: load, begin, wait, drain.

use broker::boot::{self, BootError};
use broker::config::{Config, LogConfig, LogFormat};
use broker::crew::Crew;
use broker::signals::Signals;
use broker::stop::Stop;
use std::error::Error;
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::pin::pin;
use tokio::runtime::Runtime;
use tracing::info;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Whether starting again could change anything.
pub(crate) fn is_for_the_operator(error: &(dyn Error + 'static)) -> bool {
    let boot = error.downcast_ref::<BootError>();
    boot.is_some_and(|error| !matches!(error, BootError::Books(_) | BootError::Listen { .. }))
        || error.is::<broker::config::ConfigError>()
}

pub(crate) fn check(path: &Path) -> Result<(), Box<dyn Error>> {
    let config = Config::load(path)?;
    config.books.address()?;
    boot::judge(&config)?;
    Ok(())
}

pub(crate) fn run(path: &Path) -> Result<(), Box<dyn Error>> {
    let config = Config::load(path)?;
    log(&config.log)?;
    Runtime::new()?.block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    let signals = Signals::listen()?;
    let stop = Stop::default();
    let mut crew = Crew::new(stop.clone());
    let mut obey = pin!(signals.obey(stop.clone(), config.grace()));
    tokio::select! {
        begun = boot::begin(&config, &mut crew, &stop) => { begun?; }
        never = &mut obey => match never {},
    }
    let over = stop.clone();
    tokio::select! {
        ended = crew.join() => ended?,
        () = over.at_once() => info!(code = "B-RUN-001", "ended at once"),
        never = obey => match never {},
    }
    info!(code = "B-RUN-002", "stopped");
    Ok(())
}

/// Text on a terminal, JSON otherwise, always on standard error.
fn log(config: &LogConfig) -> Result<(), Box<dyn Error>> {
    let filter: Targets = config.filter.parse()?;
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr);
    let lines = match config.format {
        LogFormat::Auto if stderr().is_terminal() => lines.boxed(),
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).boxed(),
        LogFormat::Auto | LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init()?;
    Ok(())
}
