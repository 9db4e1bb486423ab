//! `sealtune-node`: load, build, spawn, wait, drain.

use clap::{CommandFactory, Parser, Subcommand};
use node::api::Rates;
use node::boot::{self, JournalSecret};
use node::breaker::Gate;
use node::cli::{self, Operate};
use node::clock::{self, SystemClock};
use node::conductor::{Conductor, Inputs, Mailbox, Memory, mailbox};
use node::config::Config;
use node::crew::Crew;
use node::earnings::Earnings;
use node::exit::Exit;
use node::face::{Face, Parts, open_door, quietly};
use node::feed::{Bounds, Feed};
use node::front::Front;
use node::live::{self, Audience, Proved, Speaker};
use node::reload::{self, Reloader};
use node::signals::{Hangups, Signals};
use node::stage::{Stage, Step};
use node::stop::Stop;
use node::traces::{self, Exporter, TracesError};
use node::{sandbox, standby, telemetry};
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
#[command(name = "sealtune-node", version = papers::version(env!("CARGO_PKG_VERSION")), after_help = exits())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the node until it is told to stop.
    Run(ConfigFile),
    #[command(flatten)]
    Operate(Operate),
    /// Becomes a program in a sandbox, as one line of standard input says.
    #[command(hide = true)]
    Sandboxed,
    /// Tries the walls of a sandbox from inside.
    #[command(hide = true)]
    SandboxProbe { model: PathBuf, work: PathBuf },
    /// Writes man pages and completions.
    #[command(hide = true)]
    Papers(papers::Papers),
}

#[derive(Debug, clap::Args)]
struct ConfigFile {
    #[arg(long, default_value = "/etc/sealtune/node.toml")]
    config: PathBuf,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run(file) => run(&file),
        Command::Operate(operate) => match cli::run(operate) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Sandboxed => Err(sandbox::enter().into()),
        Command::SandboxProbe { model, work } => probe(&model, &work),
        Command::Papers(papers) => papers.write(Arguments::command()).map_err(Into::into),
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

/// Everything in the order that keeps every promise: the journal is ours before the operator
/// is answered, and the evidence holds before anybody else is.
async fn begin(
    config: &Config,
    reloader: Arc<Reloader>,
    hangups: Hangups,
    crew: &mut Crew,
    stop: &Stop,
) -> Result<(), Box<dyn Error>> {
    boot::check_state(&config.state)?;
    let enclosed = config.chain.as_ref().map(|_| live::enclose(config));
    let enclosed = enclosed.transpose()?;
    let secret = enclosed.as_ref().map(live::Enclosed::journal_secret);
    let memory = boot::recall(&config.state, secret.unwrap_or(JournalSecret::File))?;
    info!(open = memory.open_count(), "the journal is read");

    let (mailbox, inputs) = mailbox();
    let parts = parts(config, mailbox, reloader)?;
    let audience = &parts.audience;
    trace(config, audience, crew, stop)?;
    Face::open(config, &parts)
        .await?
        .join(crew, stop, &audience.end);
    reload::join(hangups, &parts, crew, stop);
    let work = (memory, inputs);
    let began = match (&config.chain, enclosed) {
        (Some(chain), Some(enclosed)) => {
            let proved = prove(config, enclosed, &parts, (crew, stop)).await?;
            live::join(config, chain, &proved, work, audience, crew, stop).await?
        }
        (_, _) => stand_by(config, work, audience, crew, stop),
    };
    if !began {
        audience.end.cancel();
    }
    Ok(())
}

fn parts(
    config: &Config,
    mailbox: Mailbox,
    reloader: Arc<Reloader>,
) -> Result<Parts, Box<dyn Error>> {
    let clock = Arc::new(SystemClock);
    let kept = config.state.folder.join("breaker.json");
    let audience = Audience {
        mailbox,
        feed: Feed::new(clock.clone(), Bounds::default()),
        gate: Gate::recalled(config.breaker.failures_max, clock.clone(), kept)?,
        stage: Stage::default(),
        front: Front::default(),
        earnings: Earnings::open(&config.state.payments())?,
        config: reloader.current(),
        end: CancellationToken::default(),
    };
    Ok(Parts {
        audience,
        clock,
        reload: reloader,
        rates: Rates::new(&config.api.limits),
    })
}

fn trace(
    config: &Config,
    audience: &Audience,
    crew: &mut Crew,
    stop: &Stop,
) -> Result<(), TracesError> {
    let Some(endpoint) = &config.traces else {
        return Ok(());
    };
    let (tracer, made) = traces::channel(clock::wall);
    let exporter = Exporter::new(endpoint, made)?;
    audience.feed.trace_to(tracer);
    crew.spawn("traces", quietly(exporter.run(audience.end.clone()), stop));
    Ok(())
}

/// Proves what can be proven; what is proven has a voice and a door from then on.
async fn prove(
    config: &Config,
    enclosed: live::Enclosed,
    parts: &Parts,
    (crew, stop): (&mut Crew, &Stop),
) -> Result<Proved, Box<dyn Error>> {
    let proved = live::prove(config, enclosed).await?;
    let audience = &parts.audience;
    if let Some(evidence) = proved.evidence.clone() {
        let (identity, gate) = (proved.identity.clone(), audience.gate.clone());
        let speaker = Arc::new(Speaker::new(evidence, identity, gate.clone())?);
        audience.front.attests(speaker.clone());
        open_door(config, parts, &proved.tls, (crew, stop)).await?;
        let told = (gate, audience.feed.metrics().clone());
        let watch = live::watch_device(speaker, told, audience.end.clone());
        crew.spawn("device watch", quietly(watch, stop));
    } else {
        warn!(
            code = "N-API-006",
            "nothing is proven: customers are not answered"
        );
    }
    audience.stage.reach(Step::Connecting);
    Ok(proved)
}

/// A node without a chain keeps its journal, takes no orders and says so.
fn stand_by(
    config: &Config,
    (memory, inputs): (Memory, Inputs),
    audience: &Audience,
    crew: &mut Crew,
    stop: &Stop,
) -> bool {
    warn!("there is no [chain] in the configuration: no orders are taken");
    let (world, capacity) = (standby::world(), config.capacity);
    let conductor = Conductor::new(memory, world, capacity, inputs, Handle::current());
    live::conduct(conductor, audience, crew, stop);
    audience.stage.reach(Step::StandingBy);
    true
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
