//! `sealtune-node`: load, build, spawn, wait, drain.

use clap::{Parser, Subcommand};
use node::breaker::Gate;
use node::cli::{self, Operate};
use node::clock::SystemClock;
use node::conductor::{Conductor, mailbox};
use node::config::Config;
use node::crew::Crew;
use node::exit::Exit;
use node::face::{Face, Parts, quietly};
use node::feed::{Bounds, Feed};
use node::reload::Reloader;
use node::signals::{Hangups, Signals};
use node::stop::Stop;
use node::{boot, standby, telemetry};
use std::convert::Infallible;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime::{Handle, Runtime};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// The sealtune provider node: takes signed fine-tuning orders and never loses one.
#[derive(Debug, Parser)]
#[command(version, after_help = exits())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the node until it is told to stop.
    Run(ConfigFile),
    /// Checks the configuration and says what is wrong with it.
    Check(ConfigFile),
    #[command(flatten)]
    Operate(Operate),
}

#[derive(Debug, clap::Args)]
struct ConfigFile {
    #[arg(long, default_value = "/etc/sealtune/node.toml")]
    config: PathBuf,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run(file) => run(&file),
        Command::Check(file) => check(&file),
        Command::Operate(operate) => match cli::run(operate) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => explain(error.as_ref()).into(),
    }
}

fn run(file: &ConfigFile) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&file.config)?;
    let filter = telemetry::start(&config.log)?;
    let reloader = Reloader::new(file.config.clone(), config.clone(), filter)?;
    Runtime::new()?.block_on(serve(config, Arc::new(reloader)))
}

async fn serve(config: Config, reloader: Arc<Reloader>) -> Result<(), Box<dyn Error>> {
    let signals = Signals::listen()?;
    let hangups = Hangups::listen()?;
    let memory = boot::recall(&config.state)?;
    info!(open = memory.open_count(), "the journal is read");
    warn!(
        "no chain, storage, enclave or trainer is connected in this version: no orders are taken"
    );
    let clock = Arc::new(SystemClock);
    let feed = Feed::new(clock.clone(), Bounds::default());
    let kept = config.state.folder.join("breaker.json");
    let gate = Gate::recalled(config.breaker.failures_max, clock.clone(), kept)?;
    let (mailbox, inputs) = mailbox();
    let conductor = Conductor::new(
        memory,
        standby::world(),
        config.capacity,
        inputs,
        Handle::current(),
    )
    .telling(feed.clone())
    .behind(gate.clone());
    let parts = Parts {
        mailbox,
        feed,
        gate,
        clock,
        intake: standby::intake(),
        attestor: standby::attestor(),
        storefront: standby::storefront(),
        reload: reloader.clone(),
    };

    let stop = Stop::default();
    let end = CancellationToken::new();
    let mut crew = Crew::new(stop.clone());
    let face = Face::open(&config, parts, None).await?;
    face.join(&mut crew, &stop, &end);
    let reload = reload(hangups, reloader, end.clone());
    crew.spawn("reload", quietly(reload, &stop));
    let stopped = stop.clone();
    crew.spawn_thread("conductor", move || async move {
        // Who watches a task is answered while tasks are finished, and no longer.
        let _end = end.drop_guard();
        conductor.run(stopped).await
    });

    tokio::select! {
        ended = crew.join() => ended?,
        never = signals.obey(stop, config.grace) => match never {},
    }
    info!("stopped");
    Ok(())
}

/// Reads the configuration again at each SIGHUP.
async fn reload(
    mut hangups: Hangups,
    reloader: Arc<Reloader>,
    end: CancellationToken,
) -> Result<(), Infallible> {
    loop {
        tokio::select! {
            () = end.cancelled() => return Ok(()),
            () = hangups.next() => if let Err(error) = reloader.again() {
                warn!(code = "N-CONF-003", %error, "the configuration stays as it was");
            }
        }
    }
}

#[allow(clippy::print_stdout, reason = "the answer of a command")]
fn check(file: &ConfigFile) -> Result<(), Box<dyn Error>> {
    Config::load(&file.config)?;
    println!("{} is fine", file.config.display());
    Ok(())
}

/// One line for the operator: what failed, and each cause.
#[allow(
    clippy::print_stderr,
    reason = "the last word, when there may be no log"
)]
fn explain(error: &(dyn Error + 'static)) -> Exit {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let line = causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"));
    eprintln!("sealtune-node: {line}");
    Exit::of(error)
}

fn exits() -> String {
    let lines = Exit::ALL
        .iter()
        .map(|(exit, text)| format!("\n  {}  {text}", exit.code()));
    format!(
        "Exit codes:\n  0  done\n  2  the command line is wrong{}",
        lines.collect::<String>()
    )
}
