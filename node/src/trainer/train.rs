//! One attempt at one training, on a thread that lives exactly as long as its child.

use super::checkpoints::{Checkpoints, Kept, Pairs, Received};
use super::child::{CHECKPOINTS, Job, Pipes, RESUME, Running, spec};
use super::leftover::Slot;
use super::materials::SourceError;
use super::news::{News, parse_report, whole_secs};
use super::outcome::Results;
use super::patience::{Pace, Patience};
use super::scratch::Work;
use super::watch::{Commands, Reader, Watch};
use super::{Cause, Exit, Inner};
use proto::{Digest, Order, TaskId};
use serde_json::{Value, json};
use std::io::{self, PipeReader, Read, Write};
use std::path::PathBuf;
use std::process::ChildStderr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tasks::Failure;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tracing::{info, warn};

/// What an attempt came to.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) result: Result<Digest, Cause>,
    /// Checkpoints that were kept on the way.
    pub(super) kept: u64,
}

pub(super) struct Attempt {
    inner: Arc<Inner>,
    order: Order,
    task: TaskId,
    dataset: Digest,
    commands: PipeReader,
    /// Given back only when the child has ended.
    permit: OwnedSemaphorePermit,
}

/// Everything one child is given.
struct Setting {
    work: Work,
    model: PathBuf,
    recipe: Value,
    checkpoints: Checkpoints,
    from: Option<Kept>,
}

impl Ended {
    /// Nothing was started.
    pub(super) fn before(cause: Cause) -> Self {
        Self {
            result: Err(cause),
            kept: 0,
        }
    }
}

impl Attempt {
    pub(super) fn prepare(
        inner: &Arc<Inner>,
        order: &Order,
        dataset: Digest,
        permit: OwnedSemaphorePermit,
    ) -> Result<(Self, Commands), Cause> {
        let (ours, commands) = Commands::pair().map_err(|error| Cause::Start(error.to_string()))?;
        let attempt = Self {
            inner: inner.clone(),
            order: order.clone(),
            task: order.id(),
            dataset,
            commands,
            permit,
        };
        Ok((attempt, ours))
    }

    pub(super) fn begin(self, done: oneshot::Sender<Ended>) -> io::Result<()> {
        let thread = std::thread::Builder::new().name("training".into());
        thread.spawn(move || self.run(done)).map(drop)
    }

    fn run(self, done: oneshot::Sender<Ended>) {
        let Self {
            inner,
            order,
            task,
            dataset,
            commands,
            permit,
        } = self;
        let ended = match Setting::of(&inner, &order) {
            Ok(setting) => train(&inner, &order, dataset, commands, &setting),
            Err(cause) => Ended::before(cause),
        };
        if ended.result.is_ok()
            && let Err(error) = inner.checkpoints(task).clear()
        {
            warn!(%task, %error, "checkpoints of a trained task stay");
        }
        drop(permit);
        // Whoever asked may have gone; the vault knows.
        drop(done.send(ended));
    }
}

impl Setting {
    fn of(inner: &Inner, order: &Order) -> Result<Self, Cause> {
        let checkpoints = inner.checkpoints(order.id());
        let recipe = inner.materials.recipe(order).map_err(Cause::Materials)?;
        let recipe =
            serde_json::from_str(&recipe).map_err(|_error| Cause::Materials(Failure::Transient))?;
        let model = inner.materials.model(order).map_err(Cause::Materials)?;
        let from = checkpoints.newest();
        let work = inner.scratch.work();
        let work = work.map_err(|error| Cause::Start(error.to_string()))?;
        Ok(Self {
            work,
            model,
            recipe,
            checkpoints,
            from,
        })
    }

    fn plan(&self, inner: &Inner) -> String {
        let settings = &inner.settings;
        let mut plan = json!({
            "model": self.model,
            "data": "-",
            "recipe": self.recipe,
            "out": self.work.out(),
            "checkpoint_pipe": format!("/proc/self/fd/{CHECKPOINTS}"),
            "checkpoint_every_secs": settings.checkpoint_every.as_secs(),
            "device": settings.device,
            "memory_bytes_max": settings.memory_bytes,
        });
        if let Some(threads) = settings.threads {
            plan["threads"] = threads.into();
        }
        if self.from.is_some() {
            plan["checkpoint_from"] = format!("/proc/self/fd/{RESUME}").into();
        }
        plan.to_string() + "\n"
    }
}

fn train(
    inner: &Inner,
    order: &Order,
    dataset: Digest,
    commands: PipeReader,
    setting: &Setting,
) -> Ended {
    let wall = Duration::from_secs(order.deadline.saturating_sub(inner.clock.now()));
    let job = Job {
        slot: Slot::Train,
        arguments: ["run", "--plan", "-"].map(String::from).into(),
        model: &setting.model,
        work: setting.work.path(),
        resumes: setting.from.is_some(),
        wall_secs: wall.as_secs(),
    };
    let (running, pipes) = match Running::start(inner, &job) {
        Ok(started) => started,
        Err(cause) => return Ended::before(cause),
    };
    let head = spec(inner, &job).to_line() + &setting.plan(inner);
    let conversation = Conversation {
        inner,
        order,
        dataset,
        setting,
        running: &running,
        head,
    };
    conversation.hold(pipes, commands, Patience::of(wall))
}

/// All that goes to and fro between the node and one child.
struct Conversation<'a> {
    inner: &'a Inner,
    order: &'a Order,
    dataset: Digest,
    setting: &'a Setting,
    running: &'a Running,
    head: String,
}

impl Conversation<'_> {
    fn hold(&self, pipes: Pipes, commands: PipeReader, wall: Patience) -> Ended {
        let Pipes {
            stdin,
            stdout,
            stderr,
            checkpoints,
            resume,
        } = pipes;
        let task = self.order.id();
        let pairs = Pairs::new(task, self.inner.listener.clone());
        let source = Mutex::new(None);
        let mut story = Story::new(self, &pairs);
        let bytes_max = self.inner.settings.memory_bytes;
        let (watched, received) = std::thread::scope(|threads| {
            threads.spawn(|| discard(stderr));
            threads.spawn(|| self.feed(stdin, &source));
            if let (Some(kept), Some(to)) = (&self.setting.from, resume) {
                threads.spawn(move || self.setting.checkpoints.feed(kept, to));
            }
            let receiver = threads.spawn(|| {
                self.setting
                    .checkpoints
                    .receive(checkpoints, bytes_max, &pairs)
            });
            let watch = Watch {
                running: self.running,
                stdout,
                commands,
                silence_max: self.inner.settings.silence_max,
                wall,
            };
            let watched = watch.keep(&mut story);
            let ended = self.end(watched, story.failed);
            (ended, receiver.join().unwrap_or_default())
        });
        let source = source.into_inner().unwrap_or_else(PoisonError::into_inner);
        let result = judge(source, watched, received).and_then(|()| self.take_result(&story));
        self.drop_refused(&result);
        self.measure(&result, &story.pace);
        Ended {
            result,
            kept: received.kept,
        }
    }

    /// Ends the child, if it has not ended, so that every pipe to it ends too.
    fn end(&self, watched: Result<(), Cause>, said: bool) -> Result<(), Cause> {
        let status = self.running.reap();
        watched?;
        self.running.judge(status.ok_or(Cause::Lost)?, said)
    }

    /// The spec, the plan, the data. A child whose data cannot be opened to its end is
    /// killed before it could take a part for the whole.
    fn feed(&self, mut stdin: impl Write, source: &Mutex<Option<Cause>>) {
        let fed = stdin
            .write_all(self.head.as_bytes())
            .map_err(|error| SourceError::of_pipe(&error))
            .and_then(|()| {
                let materials = &self.inner.materials;
                materials.dataset(self.order, self.dataset, &mut stdin)
            });
        if let Err(SourceError::Failed(failure)) = fed {
            let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
            *source = Some(Cause::Source(failure));
            self.running.kill();
        }
    }

    fn take_result(&self, story: &Story<'_>) -> Result<Digest, Cause> {
        let said = story.adapter.ok_or(Cause::BadResult("there is none"))?;
        let results = Results::of(&self.inner.vault, self.order.id());
        results.keep(&self.setting.work.out(), said)
    }

    /// A training that came to its end says how fast this machine is.
    fn measure(&self, result: &Result<Digest, Cause>, pace: &Pace) {
        if let (Ok(_), Some(speed)) = (result, pace.tokens_per_sec()) {
            let model = self.order.base_model;
            info!(%model, tokens_per_sec = speed, "this machine's speed is measured");
            self.inner.speed.measured(model, speed);
        }
    }

    /// A checkpoint the trainer cannot use is not offered again.
    fn drop_refused(&self, result: &Result<Digest, Cause>) {
        if let (Err(Cause::Exited(Exit::Checkpoint)), Some(kept)) = (result, &self.setting.from) {
            self.setting.checkpoints.drop_refused(kept);
        }
    }
}

/// What we did to the child says more than what it died of.
fn judge(
    source: Option<Cause>,
    watched: Result<(), Cause>,
    received: Received,
) -> Result<(), Cause> {
    match source {
        Some(cause) => Err(cause),
        None if received.oversize => Err(Cause::Babbled("a checkpoint is larger than its memory")),
        None => watched,
    }
}

/// Standard error is read so that nobody waits, and forgotten: a crash may quote data.
fn discard(mut stderr: ChildStderr) {
    let mut buffer = [0; 4096];
    while stderr.read(&mut buffer).is_ok_and(|count| count > 0) {}
}

/// What the child has said so far.
struct Story<'a> {
    task: TaskId,
    inner: &'a Inner,
    pairs: &'a Pairs,
    dataset: Digest,
    reported: bool,
    adapter: Option<Digest>,
    failed: bool,
    eta: Option<Duration>,
    pace: Pace,
}

impl<'a> Story<'a> {
    fn new(conversation: &Conversation<'a>, pairs: &'a Pairs) -> Self {
        Self {
            task: conversation.order.id(),
            inner: conversation.inner,
            pairs,
            dataset: conversation.dataset,
            reported: false,
            adapter: None,
            failed: false,
            eta: None,
            pace: Pace::default(),
        }
    }

    fn report(&mut self, line: &[u8]) -> Result<(), Cause> {
        let report = parse_report(line).map_err(Cause::Babbled)?;
        self.reported = true;
        let (task, sandbox) = (self.task, report.label());
        if report.refused {
            return Err(Cause::Sandbox(sandbox));
        }
        if report.missing.is_empty() {
            info!(%task, sandbox, "the trainer runs");
        } else {
            warn!(%task, sandbox, "the trainer runs in a sandbox with holes");
        }
        Ok(())
    }

    fn note(&mut self, news: &News) -> Result<(), Cause> {
        match *news {
            News::Data { sha256 } if sha256 != self.dataset => return Err(Cause::OtherData),
            News::Step { eta_s, tokens, .. } => {
                self.eta = whole_secs(eta_s).map(Duration::from_secs);
                self.pace.note(tokens);
            }
            News::Checkpoint { step, chain } => self.pairs.said(step, chain),
            News::Finished { adapter } => self.adapter = Some(adapter),
            News::Failed { .. } => self.failed = true,
            News::Data { .. } | News::Resumed { .. } | News::Eval { .. } | News::Other => {}
        }
        Ok(())
    }
}

impl Reader for Story<'_> {
    fn line(&mut self, line: &[u8]) -> Result<(), Cause> {
        if !self.reported {
            return self.report(line);
        }
        let news = News::parse(line).map_err(Cause::Babbled)?;
        if let Some(progress) = news.progress() {
            self.inner.listener.progress(self.task, progress);
        }
        self.note(&news)
    }

    /// What ends within half the grace is let to its end; the other half is for keeping it.
    fn may_finish(&self) -> bool {
        self.eta
            .is_some_and(|eta| eta <= self.inner.settings.grace / 2)
    }
}
