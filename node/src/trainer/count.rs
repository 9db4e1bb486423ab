//! Counting the tokens of a dataset, in the same sandbox: the node itself never
//! parses a customer's data.

use super::child::{Job, Pipes, Running, spec};
use super::leftover::Slot;
use super::materials::SourceError;
use super::news::parse_report;
use super::patience::Patience;
use super::watch::{Commands, Reader, Watch};
use super::{Cause, Exit, Inner};
use crate::admission::trained_tokens;
use crate::orders::Work;
use proto::{Digest, Order, Reason};
use serde::Deserialize;
use std::fs;
use std::io::{PipeReader, Read, Write};
use std::path::Path;
use std::process::ChildStdin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tasks::Failure;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Datasets are bounded; counting the largest takes minutes.
pub(super) const WALL_SECS: u64 = 3_600;

/// So many line numbers are told; who mends those asks again.
const MISTAKEN_LINES_MAX: usize = 8;

/// What a customer is told at most.
const MISTAKES_BYTES_MAX: u64 = 2_000;

/// What a dataset holds, as one recipe sees it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Counted {
    /// Tokens of one epoch.
    pub tokens: u64,
    pub targets: u64,
    pub rows: u64,
    pub steps_per_epoch: u64,
    pub steps: u64,
    /// SHA-256 of the data.
    pub sha256: Digest,
    pub bytes: u64,
    pub report: Counts,
}

/// The part of the report that the node uses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Counts {
    pub lines: u64,
    pub bad: u64,
    pub examples: u64,
    pub examples_held_out: u64,
    pub tokens_held_out: u64,
    pub truncated: u64,
    pub findings: Vec<Finding>,
}

impl Counted {
    /// What it is charged for. More tokens than a number holds are more than any order pays.
    pub(super) fn work(self) -> Result<Work, Failure> {
        let tokens = trained_tokens(self.tokens, self.steps, self.steps_per_epoch);
        tokens
            .map(|tokens| Work {
                tokens,
                steps: self.steps,
            })
            .ok_or(Failure::Hopeless(Reason::DatasetOverLimit))
    }
}

/// Something about one line, for its owner alone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Finding {
    pub line: u64,
    pub what: String,
}

/// The customer's mistakes in words, with line numbers. For the customer: it is not
/// logged, although the trainer quotes no content.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Mistakes(String);

/// Why there is no count.
#[derive(Debug)]
pub enum CountFailure {
    /// The order can never be trained; the words say why.
    Mistakes {
        exit: Exit,
        text: Mistakes,
    },
    Cause(Cause),
}

/// What is asked, and of which child.
pub(super) struct Question {
    pub(super) slot: Slot,
    pub(super) order: Order,
    /// The order's own, as it is kept, if none is given.
    pub(super) recipe: Option<String>,
    pub(super) wall_secs: u64,
}

pub(super) type Feed = Box<dyn FnOnce(&mut dyn Write) -> Result<(), SourceError> + Send>;

pub(super) async fn count(
    inner: &Arc<Inner>,
    question: Question,
    feed: Feed,
    permit: OwnedSemaphorePermit,
) -> Result<Counted, CountFailure> {
    let (commands, wishes) = Commands::pair().map_err(|error| start(&error))?;
    let (done, counted) = oneshot::channel();
    let inner = inner.clone();
    let thread = std::thread::Builder::new().name("counting".into());
    let work = move || {
        let counted = run(&inner, &question, feed, wishes);
        drop(permit);
        drop(done.send(counted));
    };
    thread.spawn(work).map_err(|error| start(&error))?;
    let counted = counted
        .await
        .unwrap_or(Err(CountFailure::Cause(Cause::Lost)));
    drop(commands);
    counted
}

fn run(
    inner: &Inner,
    question: &Question,
    feed: Feed,
    wishes: PipeReader,
) -> Result<Counted, CountFailure> {
    let work = inner.scratch.work().map_err(|error| start(&error))?;
    let order = &question.order;
    let recipe = match &question.recipe {
        Some(given) => given.clone(),
        None => inner.materials.recipe(order).map_err(materials)?,
    };
    let model = inner.materials.model(order).map_err(materials)?;
    let recipe_file = work.path().join("recipe.json");
    fs::write(&recipe_file, recipe).map_err(|error| start(&error))?;
    let job = Job {
        slot: question.slot,
        arguments: arguments(&model, &recipe_file, inner.settings.memory_bytes),
        model: &model,
        work: work.path(),
        resumes: false,
        wall_secs: question.wall_secs,
    };
    let (running, pipes) = Running::start(inner, &job)?;
    let head = spec(inner, &job).to_line();
    let wall = Duration::from_secs(question.wall_secs);
    converse(&running, pipes, wishes, wall, &head, feed)
}

fn arguments(model: &Path, recipe: &Path, memory_bytes: u64) -> Vec<String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    vec![
        "tokens".into(),
        "--model".into(),
        text(model),
        "--data".into(),
        "-".into(),
        "--recipe".into(),
        text(recipe),
        "--memory-bytes-max".into(),
        memory_bytes.to_string(),
    ]
}

fn converse(
    running: &Running,
    pipes: Pipes,
    wishes: PipeReader,
    wall: Duration,
    head: &str,
    feed: Feed,
) -> Result<Counted, CountFailure> {
    let Pipes {
        stdin,
        stdout,
        stderr,
        checkpoints,
        resume,
    } = pipes;
    drop((checkpoints, resume));
    let failed = Mutex::new(None);
    let mut answer = Answer::default();
    let watch = Watch {
        running,
        stdout,
        commands: wishes,
        silence_max: wall,
        wall: Patience::of(wall),
    };
    let (ended, said) = std::thread::scope(|threads| {
        let words = threads.spawn(|| words(stderr));
        threads.spawn(|| {
            if let Err(SourceError::Failed(failure)) = give(stdin, head, feed) {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                running.kill();
            }
        });
        let watched = watch.keep(&mut answer);
        let status = running.reap();
        // A guess at memory would close the order: here an abort is taken for a bug.
        let ended = watched.and_then(|()| running.judge(status.ok_or(Cause::Lost)?, true));
        (ended, words.join().unwrap_or_default())
    });
    let failed: Option<Failure> = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(failure) = failed {
        return Err(Cause::Source(failure).into());
    }
    match ended {
        Ok(()) => answer
            .counted
            .ok_or(Cause::BadResult("there is no count").into()),
        Err(Cause::Exited(exit @ (Exit::Data | Exit::Recipe | Exit::Model))) => {
            Err(CountFailure::Mistakes { exit, text: said })
        }
        Err(cause) => Err(cause.into()),
    }
}

/// Takes the pipe, so that it is closed when all is given.
fn give(mut stdin: ChildStdin, head: &str, feed: Feed) -> Result<(), SourceError> {
    stdin
        .write_all(head.as_bytes())
        .map_err(|error| SourceError::of_pipe(&error))?;
    feed(&mut stdin)
}

/// The one sentence of the trainer, fit for a terminal.
fn words(stderr: impl Read) -> Mistakes {
    let mut bytes = Vec::new();
    // What came is what there is.
    drop(stderr.take(MISTAKES_BYTES_MAX).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    let plain = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    Mistakes(plain.collect())
}

/// The launcher's report, then one line.
#[derive(Default)]
struct Answer {
    reported: bool,
    counted: Option<Counted>,
}

impl Reader for Answer {
    fn line(&mut self, line: &[u8]) -> Result<(), Cause> {
        if self.reported {
            let counted = serde_json::from_slice(line);
            let counted = counted.map_err(|_error| Cause::Babbled("the count cannot be read"))?;
            self.counted = Some(counted);
            return Ok(());
        }
        let report = parse_report(line).map_err(Cause::Babbled)?;
        self.reported = true;
        if report.refused {
            return Err(Cause::Sandbox(report.label()));
        }
        Ok(())
    }

    fn may_finish(&self) -> bool {
        true
    }
}

impl Mistakes {
    /// For the customer.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The lines it names: figures, and so free of content whatever the sentence says.
    pub fn lines(&self) -> Vec<u64> {
        let words: Vec<_> = self.0.split_whitespace().collect();
        let pairs = words.windows(2).filter(|pair| pair[0] == "line");
        let numbers =
            pairs.filter_map(|pair| pair[1].trim_end_matches([':', ',', '.']).parse().ok());
        numbers.take(MISTAKEN_LINES_MAX).collect()
    }
}

impl std::fmt::Debug for Mistakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mistakes")
    }
}

impl CountFailure {
    /// What the conductor makes of it.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Mistakes { exit, .. } => Cause::Exited(*exit).failure(),
            Self::Cause(cause) => cause.failure(),
        }
    }
}

impl From<Cause> for CountFailure {
    fn from(cause: Cause) -> Self {
        Self::Cause(cause)
    }
}

fn start(error: &std::io::Error) -> CountFailure {
    Cause::Start(error.to_string()).into()
}

fn materials(failure: Failure) -> CountFailure {
    Cause::Materials(failure).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_sentence_only_its_line_numbers_are_told() {
        let said =
            Mistakes("data: line 7: no text; the same example as line 12, line secret".into());

        assert_eq!(said.lines(), [7, 12]);
    }
}
