//! A plan, carried out.

use super::backend;
use super::clock::Clock;
use super::events::{Event, Events};
use super::finish::{Circumstances, finish};
use super::fit;
use super::identity::model_digest;
use super::memory::available_memory;
use super::plan::{Plan, Window};
use super::prepare::{Prepared, prepare};
use super::replay::{compare, read_steps};
use super::stop::Stop;
use super::store::Store;
use super::train::{Begun, Ended, Training};
use crate::backend::{Backend, BackendError};
use crate::checkpoint::{Chain, CheckpointError, Folder, Identity, Progress, Snapshot};
use crate::failure::{Code, Failure};
use crate::model::read_spec;
use crate::result::STEPS_FILE;
use crate::settings::Schedule;
use std::fmt;
use std::io::BufRead;

/// What a run has around it.
pub struct World<'a> {
    /// What follows the plan on standard input.
    pub input: &'a mut dyn BufRead,
    pub clock: &'a dyn Clock,
    pub stop: Stop,
    pub events: &'a mut Events,
}

impl fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

/// Trains, or replays, as the plan says.
pub fn run(plan: &Plan, world: &mut World<'_>) -> Result<Ended, Failure> {
    let mut prepared = prepare(plan, world.input)?;
    let report = prepared.dataset.report.clone();
    let sha256 = prepared.dataset.digest;
    world.events.say(&Event::Data {
        report: &report,
        sha256,
    });
    let settings = fit::settings(plan, prepared.micro_batch_tokens_max());
    let spec = read_spec(&plan.model).map_err(BackendError::from)?;
    fit::check_length(plan, &spec)?;
    let memory_bytes = fit::check_memory(plan, &settings, report.tokens)?;
    let mut backend = backend::open(plan, &settings)?;
    let identity = identity(plan, &prepared, backend.as_ref())?;
    say_planned(plan, &prepared, &identity, memory_bytes, world.events);
    let store = Store::open(plan)?;
    let total_steps = plan.recipe.total_steps(prepared.course.steps_per_epoch());
    let mut training = Training {
        backend: backend.as_mut(),
        course: prepared.course,
        held_out: std::mem::take(&mut prepared.held_out),
        recipe: &plan.recipe,
        schedule: Schedule::of(&plan.recipe, total_steps),
        progress: Progress::begin(identity.digest()),
        identity,
        records: Vec::new(),
        clock: world.clock,
        stop: &world.stop,
        events: world.events,
        store,
        checkpoint_every_secs: plan.checkpoint_every_secs,
        begun: Begun::default(),
    };
    if let Some(window) = plan.window {
        return replay(plan, window, training);
    }
    if let Some(snapshot) = training.store.newest(plan, training.events)? {
        resume(&mut training, snapshot)?;
    }
    let ended = training.run()?;
    if let Ended::Trained(ending) = ended {
        let circumstances = Circumstances {
            out: &plan.out,
            base_model: &base_model(plan),
            projections: spec.projections(),
            report: &report,
            threads: settings.threads,
            memory_predicted_bytes: memory_bytes,
            ending,
        };
        finish(&mut training, circumstances)?;
    }
    Ok(ended)
}

fn identity(plan: &Plan, prepared: &Prepared, backend: &dyn Backend) -> Result<Identity, Failure> {
    let model = model_digest(&plan.model)
        .map_err(|error| Failure::because(Code::Model, "cannot read the model", error))?;
    Ok(Identity {
        recipe: plan.recipe.digest(),
        dataset: prepared.dataset.digest,
        model,
        tokenizer: prepared.tokenizer,
        class: backend.numeric_class(),
        engine: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

fn say_planned(
    plan: &Plan,
    prepared: &Prepared,
    identity: &Identity,
    memory_bytes: u64,
    events: &mut Events,
) {
    let steps_per_epoch = prepared.course.steps_per_epoch();
    events.say(&Event::Planned {
        steps: plan.recipe.total_steps(steps_per_epoch),
        steps_per_epoch,
        tokens_per_epoch: prepared.dataset.report.tokens,
        rows: prepared.course.rows(),
        fill: prepared.fill,
        recipe: proto::Digest(identity.recipe.0),
        run: identity.digest(),
        memory_bytes,
        memory_available_bytes: available_memory().map(|available| available.bytes),
        class: identity.class.to_string(),
    });
}

fn resume(training: &mut Training<'_>, snapshot: Snapshot) -> Result<(), Failure> {
    training.identity.check(&snapshot.identity)?;
    take(training, snapshot)?;
    let step = training.progress.step;
    training.events.say(&Event::Resumed {
        step,
        file: "newest",
    });
    Ok(())
}

/// Goes on from a snapshot whose records must add up to its chain.
fn take(training: &mut Training<'_>, snapshot: Snapshot) -> Result<(), Failure> {
    let chain = Chain::over(snapshot.identity.digest(), &snapshot.records);
    if chain != snapshot.progress.chain {
        return Err(CheckpointError::Corrupt("hash chain").into());
    }
    training.backend.restore(&snapshot.state)?;
    training.progress = snapshot.progress;
    training.records = snapshot.records;
    Ok(())
}

/// Takes a window of steps again, from the checkpoint before it.
fn replay(plan: &Plan, window: Window, mut training: Training<'_>) -> Result<Ended, Failure> {
    let Store::Folder(folder) = &training.store else {
        return Err(Failure::new(
            Code::Usage,
            "cannot replay without a checkpoint folder",
        ));
    };
    let recorded = read_steps(&plan.out.join(STEPS_FILE)).map_err(|error| {
        Failure::because(
            Code::Usage,
            "cannot read the recorded steps of the result",
            error,
        )
    })?;
    let snapshot = load(folder, window)?;
    let class = snapshot.identity.class.clone();
    let same_class = class == training.identity.class;
    training.identity.class = class;
    training.identity.check(&snapshot.identity)?;
    take(&mut training, snapshot)?;
    training.take_steps(window.to)?;
    let taken = training
        .records
        .get(window.from as usize..)
        .unwrap_or_default();
    let replay = compare(&recorded, taken);
    training.events.say(&Event::Replayed {
        from: window.from,
        to: window.to,
        steps: replay.steps,
        same_bits: replay.same_bits,
        largest_difference: replay.largest_difference,
    });
    if replay.holds(same_class) && replay.steps == window.to - window.from {
        Ok(Ended::Replayed)
    } else {
        Err(Failure::new(
            Code::Mismatch,
            "cannot confirm the run: the replayed steps differ",
        ))
    }
}

fn load(folder: &Folder, window: Window) -> Result<Snapshot, Failure> {
    let snapshot = folder.load(window.from)?;
    if snapshot.progress.step == window.from && snapshot.records.len() as u64 == window.from {
        Ok(snapshot)
    } else {
        Err(CheckpointError::Corrupt("step").into())
    }
}

/// The recipe's name of the base model, else the folder's.
fn base_model(plan: &Plan) -> String {
    let folder = plan
        .model
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    plan.recipe
        .base_model
        .clone()
        .or(folder)
        .unwrap_or_else(|| "base model".to_owned())
}
