//! `sealtune-node`: load, build, spawn, wait, drain.

use clap::{Parser, Subcommand};
use node::api::Attestor;
use node::boot::JournalSecret;
use node::breaker::Gate;
use node::cli::{self, Operate};
use node::clock::SystemClock;
use node::conductor::{Conductor, Mailbox, mailbox};
use node::config::{ChainConfig, Config};
use node::crew::Crew;
use node::exit::Exit;
use node::face::{Face, Parts, quietly};
use node::feed::{Bounds, Feed};
use node::live::Audience;
use node::reload::Reloader;
use node::signals::{Hangups, Signals};
use node::stop::Stop;
use node::{boot, live, sandbox, standby, telemetry};
use std::convert::Infallible;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::pin::pin;
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
        Command::Operate(operate) => match cli::run(operate) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
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
    let filter = telemetry::start(&config.log)?;
    let reloader = Reloader::new(file.config.clone(), config.clone(), filter)?;
    Runtime::new()?.block_on(serve(config, Arc::new(reloader)))
}

async fn serve(config: Config, reloader: Arc<Reloader>) -> Result<(), Box<dyn Error>> {
    let signals = Signals::listen()?;
    let hangups = Hangups::listen()?;
    let stop = Stop::default();
    let mut crew = Crew::new(stop.clone());
    let mut obey = pin!(signals.obey(stop.clone(), config.grace));

    tokio::select! {
        begun = begin(&config, reloader, hangups, &mut crew, &stop) => begun?,
        never = &mut obey => match never {},
    }
    tokio::select! {
        ended = crew.join() => ended?,
        never = obey => match never {},
    }
    info!("stopped");
    Ok(())
}

async fn begin(
    config: &Config,
    reloader: Arc<Reloader>,
    hangups: Hangups,
    crew: &mut Crew,
    stop: &Stop,
) -> Result<(), Box<dyn Error>> {
    let audience = audience(config)?;
    let begun = match &config.chain {
        Some(chain) => {
            let mailbox = work(config, chain, audience.clone(), crew, stop).await?;
            mailbox.map(|mailbox| (mailbox, standby::silent_attestor()))
        }
        None => {
            let mailbox = stand_by(config, audience.clone(), crew, stop)?;
            Some((mailbox, standby::attestor()))
        }
    };
    let Some((mailbox, attestor)) = begun else {
        return Ok(());
    };
    let parts = parts(mailbox, &audience, attestor, reloader.clone());
    let face = Face::open(config, parts, None).await?;
    face.join(crew, stop, &audience.end);
    let reload = reload(hangups, reloader, audience.end);
    crew.spawn("reload", quietly(reload, stop));
    Ok(())
}

fn audience(config: &Config) -> Result<Audience, Box<dyn Error>> {
    let clock = Arc::new(SystemClock);
    boot::check_state(&config.state)?;
    let kept = config.state.folder.join("breaker.json");
    Ok(Audience {
        feed: Feed::new(clock.clone(), Bounds::default()),
        gate: Gate::recalled(config.breaker.failures_max, clock, kept)?,
        end: CancellationToken::new(),
    })
}

async fn work(
    config: &Config,
    chain: &ChainConfig,
    audience: Audience,
    crew: &mut Crew,
    stop: &Stop,
) -> Result<Option<Mailbox>, Box<dyn Error>> {
    let enclosed = live::enclose(config)?;
    let memory = boot::recall(&config.state, enclosed.journal_secret())?;
    info!(open = memory.open_count(), "the journal is read");
    let proved = live::prove(config, enclosed).await?;
    let live = live::join(config, chain, proved, memory, audience, crew, stop).await?;
    Ok(live.map(|live| live.mailbox))
}

/// A node without a chain keeps its journal, takes no orders and says so.
fn stand_by(
    config: &Config,
    audience: Audience,
    crew: &mut Crew,
    stop: &Stop,
) -> Result<Mailbox, Box<dyn Error>> {
    let memory = boot::recall(&config.state, JournalSecret::File)?;
    info!(open = memory.open_count(), "the journal is read");
    warn!("there is no [chain] in the configuration: no orders are taken");
    let (mailbox, inputs) = mailbox();
    let (world, capacity) = (standby::world(), config.capacity);
    let conductor = Conductor::new(memory, world, capacity, inputs, Handle::current());
    live::conduct(conductor, audience, crew, stop);
    Ok(mailbox)
}

fn parts(
    mailbox: Mailbox,
    audience: &Audience,
    attestor: Arc<dyn Attestor>,
    reload: Arc<Reloader>,
) -> Parts {
    Parts {
        mailbox,
        feed: audience.feed.clone(),
        gate: audience.gate.clone(),
        clock: Arc::new(SystemClock),
        intake: standby::intake(),
        attestor,
        storefront: standby::storefront(),
        reload,
    }
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
