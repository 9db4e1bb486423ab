//! `sealtune-node`: load, build, spawn, wait, drain.

use clap::{Parser, Subcommand};
use node::boot::JournalSecret;
use node::conductor::{Conductor, mailbox};
use node::config::Config;
use node::crew::Crew;
use node::exit::Exit;
use node::signals::Signals;
use node::stop::Stop;
use node::{boot, live, sandbox, standby, telemetry};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use tokio::runtime::{Handle, Runtime};
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
    /// Becomes a program in a sandbox, as one line of standard input says.
    #[command(hide = true)]
    Sandboxed,
    /// Tries the walls of a sandbox from inside.
    #[command(hide = true)]
    SandboxProbe { model: PathBuf, work: PathBuf },
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
        Command::Sandboxed => Err(sandbox::enter().into()),
        Command::SandboxProbe { model, work } => probe(&model, &work),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => explain(error.as_ref()).into(),
    }
}

fn run(file: &ConfigFile) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&file.config)?;
    telemetry::start(&config.log)?;
    Runtime::new()?.block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    let signals = Signals::listen()?;
    let stop = Stop::default();
    let mut crew = Crew::new(stop.clone());
    let mut obey = pin!(signals.obey(stop.clone(), config.grace));

    tokio::select! {
        begun = begin(&config, &mut crew, &stop) => begun?,
        never = &mut obey => match never {},
    }
    tokio::select! {
        ended = crew.join() => ended?,
        never = obey => match never {},
    }
    info!("stopped");
    Ok(())
}

async fn begin(config: &Config, crew: &mut Crew, stop: &Stop) -> Result<(), Box<dyn Error>> {
    let Some(chain) = &config.chain else {
        return stand_by(config, crew, stop);
    };
    let enclosed = live::enclose(config)?;
    let memory = boot::recall(&config.state, enclosed.journal_secret())?;
    info!(open = memory.open_count(), "the journal is read");
    let proved = live::prove(config, enclosed).await?;
    live::join(config, chain, proved, memory, crew, stop).await?;
    Ok(())
}

/// A node without a chain keeps its journal, takes no orders and says so.
fn stand_by(config: &Config, crew: &mut Crew, stop: &Stop) -> Result<(), Box<dyn Error>> {
    let memory = boot::recall(&config.state, JournalSecret::File)?;
    info!(open = memory.open_count(), "the journal is read");
    warn!("there is no [chain] in the configuration: no orders are taken");
    let (mailbox, inputs) = mailbox();
    let (world, capacity) = (standby::world(), config.capacity);
    let conductor = Conductor::new(memory, world, capacity, inputs, Handle::current());
    let stopped = stop.clone();
    crew.spawn_thread("conductor", move || async move {
        // The conductor hears nothing here, and must not take that for the end.
        let _open = mailbox;
        conductor.run(stopped).await
    });
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the answer of a command")]
fn check(file: &ConfigFile) -> Result<(), Box<dyn Error>> {
    Config::load(&file.config)?;
    println!("{} is fine", file.config.display());
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the answer of a command")]
fn probe(model: &Path, work: &Path) -> Result<(), Box<dyn Error>> {
    let answers = sandbox::probe(model, work);
    println!("{}", serde_json::to_string(&answers)?);
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
