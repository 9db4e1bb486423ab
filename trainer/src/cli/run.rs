//! Fine-tunes a model on a data set.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::failure::{Code, Failure};
use crate::process::{
    Ended, Event, Events, MonotonicClock, Plan, PlanError, Stop, World, limit_memory, read_recipe,
    run as carry_out, window,
};
use crate::settings::Precision;

/// Fine-tunes a model on a data set.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long, requires_all = ["data", "recipe", "out"], conflicts_with = "plan")]
    model: Option<PathBuf>,
    /// JSON lines; "-" is standard input.
    #[arg(long)]
    data: Option<PathBuf>,
    /// YAML or JSON; the command `recipe` prints all keys and defaults.
    #[arg(long)]
    recipe: Option<PathBuf>,
    #[arg(long)]
    out: Option<PathBuf>,
    /// The whole order of work as one JSON line, in place of the four above; "-", the default without them,
    /// is standard input, where the data may follow.
    #[arg(long)]
    plan: Option<PathBuf>,
    #[arg(long)]
    checkpoint_dir: Option<PathBuf>,
    /// Go on from the newest whole checkpoint, if there is one.
    #[arg(long)]
    resume: bool,
    #[arg(long)]
    threads: Option<usize>,
    #[arg(long, default_value = "cpu")]
    device: String,
    #[arg(long, value_enum)]
    precision: Option<PrecisionWord>,
    /// Take the steps from this checkpoint on again and compare them with the result in --out.
    #[arg(long, requires = "to")]
    from: Option<u64>,
    #[arg(long, requires = "from")]
    to: Option<u64>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum PrecisionWord {
    F32,
    Bf16,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let stop = Stop::on_signals()
        .map_err(|error| Failure::because(Code::Internal, "cannot listen to signals", error))?;
    say_panics();
    let mut events = Events::new(Box::new(io::stdout()), stop.clone());
    let mut input = BufReader::new(io::stdin());
    let ended = plan(args, &mut input).and_then(|plan| {
        if let Some(bytes) = plan.memory_bytes_max {
            limit_memory(bytes);
        }
        let mut world = World {
            input: &mut input,
            clock: &MonotonicClock::default(),
            stop,
            events: &mut events,
        };
        carry_out(&plan, &mut world)
    });
    match ended {
        Ok(Ended::Trained(_) | Ended::Replayed) => Ok(()),
        Ok(Ended::Stopped) => Err(Failure::new(
            Code::Stopped,
            "stopped on request; --resume goes on",
        )),
        Err(failure) => {
            say_failed(&mut events, &failure);
            Err(failure)
        }
    }
}

/// A panic ends the process, in a release by abort. Said before, it is told from a
/// refused allocation, which ends it the same way and says nothing. Where it
/// happened is said, never what: the words of a panic may quote the data.
fn say_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let failed = Event::Failed {
            code: Code::Internal as u8,
            name: Code::Internal.name(),
            reason: Code::Internal.reason().code(),
            message: &format!("a bug at {place}"),
        };
        Events::new(Box::new(io::stdout()), Stop::default()).say(&failed);
        usual(panic);
    }));
}

fn say_failed(events: &mut Events, failure: &Failure) {
    let (code, message) = (failure.code, super::chain(failure));
    events.say(&Event::Failed {
        code: code as u8,
        name: code.name(),
        reason: failure.reason.code(),
        message: &message,
    });
}

fn plan(args: &Args, input: &mut BufReader<io::Stdin>) -> Result<Plan, Failure> {
    if let (Some(model), Some(data), Some(recipe), Some(out)) =
        (&args.model, &args.data, &args.recipe, &args.out)
    {
        return Ok(from_flags(args, [model, data, recipe, out])?);
    }
    let mut plan = match args.plan.as_deref() {
        Some(path) if path != Path::new("-") => Plan::parse(&read_text(path)?)?,
        Some(_) | None => Plan::read_line(input)?,
    };
    plan.resume |= args.resume;
    plan.threads = args.threads.or(plan.threads);
    plan.checkpoint_dir = args.checkpoint_dir.clone().or(plan.checkpoint_dir);
    plan.window = window(args.from, args.to)?.or(plan.window);
    Ok(plan)
}

fn from_flags(args: &Args, [model, data, recipe, out]: [&PathBuf; 4]) -> Result<Plan, PlanError> {
    Ok(Plan {
        model: model.clone(),
        data: data.clone(),
        recipe: read_recipe(recipe)?,
        out: out.clone(),
        checkpoint_dir: args.checkpoint_dir.clone(),
        checkpoint_pipe: None,
        checkpoint_from: None,
        checkpoint_every_secs: None,
        resume: args.resume,
        threads: args.threads,
        device: args.device.clone(),
        precision: args.precision.map(Precision::from),
        window: window(args.from, args.to)?,
        memory_bytes_max: None,
    })
}

fn read_text(path: &Path) -> Result<String, PlanError> {
    let mut text = String::new();
    File::open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

impl From<PrecisionWord> for Precision {
    fn from(word: PrecisionWord) -> Self {
        match word {
            PrecisionWord::F32 => Self::F32,
            PrecisionWord::Bf16 => Self::Bf16,
        }
    }
}
