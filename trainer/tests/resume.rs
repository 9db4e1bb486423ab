//! A run that is stopped or dies anywhere ends with the same bits as one that is not.

#![allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop, and its numbers are small"
)]

mod common;

use common::Toy;
use proptest::prelude::*;
use proto::{Digest, RecipeDigest};
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use trainer::backend::NumericClass;
use trainer::batch::{Batch, Document};
use trainer::checkpoint::{Chain, Folder, Frames, Identity, Progress, StepRecord, read_snapshot};
use trainer::data::{Course, one_per_row};
use trainer::failure::{Code, Failure};
use trainer::process::{Begun, Clock, Ended, Events, Stop, Store, Training, compare};
use trainer::recipe::Recipe;
use trainer::result::Ending;
use trainer::settings::Schedule;
use trainer::state::Adapter;

/// A clock that a test turns by looking at it.
#[derive(Default)]
struct Ticking(std::cell::Cell<f64>);

impl Clock for Ticking {
    fn seconds(&self) -> f64 {
        self.0.set(self.0.get() + 1.0);
        self.0.get()
    }
}

/// Asks to stop when a step is reported, as a signal would.
struct StopAt {
    stop: Stop,
    step: Option<u64>,
}

impl Write for StopAt {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let event: serde_json::Value = serde_json::from_slice(line)?;
        if event["event"] == "step" && event["step"].as_u64() == self.step {
            self.stop.ask();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a finished run left.
#[derive(Debug, PartialEq)]
struct Left {
    adapter: Adapter,
    records: Vec<StepRecord>,
    chain: Chain,
    eval: Option<u64>,
}

/// What happens to a run on its way.
#[derive(Clone, Copy, Default)]
struct Fate {
    stopped_at: Option<u64>,
    breaks_at: Option<u64>,
}

fn recipe(changes: &str) -> Recipe {
    let text = format!(
        "num_epochs: 3\nlearning_rate: 0.0001\nmicro_batch_size: 2\ngradient_accumulation_steps: 2\nsave_steps: 3\neval_steps: 4\n{changes}"
    );
    Recipe::parse(&text).expect("a good recipe")
}

fn documents(count: u32) -> Vec<Document> {
    let document = |at: u32| Document {
        tokens: (0..3 + at % 5).map(|i| at * 7 + i * 3).collect(),
        counted: vec![true; (3 + at % 5) as usize],
    };
    (0..count).map(document).collect()
}

fn identity(recipe: &Recipe) -> Identity {
    Identity {
        recipe: recipe.digest(),
        dataset: Digest([1; 32]),
        model: Digest([2; 32]),
        tokenizer: Digest([3; 32]),
        class: NumericClass("toy".to_owned()),
        engine: "test".to_owned(),
    }
}

/// Begins, or goes on from the newest checkpoint, and trains until fate strikes.
fn go(
    recipe: &Recipe,
    store: Store,
    from: Option<&Path>,
    fate: Fate,
) -> Result<(Ended, Left), Failure> {
    let mut toy = Toy::new();
    toy.breaks_at = fate.breaks_at;
    let stop = Stop::default();
    let sink = StopAt {
        stop: stop.clone(),
        step: fate.stopped_at,
    };
    let mut events = Events::new(Box::new(sink), stop.clone());
    let documents = documents(23);
    let rows = one_per_row(documents.len());
    let course = Course::new(documents, rows, recipe.seed, 2, 2);
    let clock = Ticking::default();
    let identity = identity(recipe);
    let mut training = Training {
        backend: &mut toy,
        schedule: Schedule::of(recipe, recipe.total_steps(course.steps_per_epoch())),
        course,
        held_out: vec![Batch::rows(&[5, 9, 13, 17, 400, 3], 3)],
        recipe,
        progress: Progress::begin(identity.digest()),
        identity,
        records: Vec::new(),
        clock: &clock,
        stop: &stop,
        events: &mut events,
        store,
        checkpoint_every_secs: None,
        begun: Begun::default(),
    };
    if let Some(path) = from
        && let Some(snapshot) = Folder::open(path, 100)?.newest()?.snapshot
    {
        training.backend.restore(&snapshot.state)?;
        training.progress = snapshot.progress;
        training.records = snapshot.records;
    }
    let ended = training.run()?;
    let left = Left {
        adapter: training.backend.export()?,
        records: training.records.clone(),
        chain: training.progress.chain,
        eval: training.progress.eval_last.map(|bits| bits.loss_bits),
    };
    Ok((ended, left))
}

fn folder(path: &Path) -> Store {
    Store::Folder(Folder::open(path, 100).expect("a folder"))
}

/// The run nobody disturbs.
fn whole(recipe: &Recipe) -> Left {
    let dir = tempfile::tempdir().unwrap();
    go(recipe, folder(dir.path()), None, Fate::default())
        .expect("it trains")
        .1
}

#[test]
fn a_run_stopped_at_any_step_goes_on_to_the_same_bits() {
    let recipe = recipe("");
    let whole = whole(&recipe);
    assert_eq!(whole.records.len(), 18);

    for step in 1..18 {
        let dir = tempfile::tempdir().unwrap();
        let fate = Fate {
            stopped_at: Some(step),
            ..Fate::default()
        };
        let (ended, _) = go(&recipe, folder(dir.path()), None, fate).expect("it stops");
        assert_eq!(ended, Ended::Stopped);

        let (ended, left) = go(
            &recipe,
            folder(dir.path()),
            Some(dir.path()),
            Fate::default(),
        )
        .unwrap();

        assert_eq!(ended, Ended::Trained(Ending::Completed));
        assert_eq!(left, whole, "stopped at {step}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_run_that_dies_again_and_again_ends_with_the_same_bits(
        deaths in prop::collection::vec(0_u64..18, 1..5),
    ) {
        let recipe = recipe("");
        let dir = tempfile::tempdir().unwrap();
        for step in deaths {
            let fate = Fate { breaks_at: Some(step), ..Fate::default() };
            drop(go(&recipe, folder(dir.path()), Some(dir.path()), fate));
        }

        let (_, left) = go(&recipe, folder(dir.path()), Some(dir.path()), Fate::default()).unwrap();

        prop_assert_eq!(left, whole(&recipe));
    }
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_and_keeps_the_last_good_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let fate = Fate {
        breaks_at: Some(7),
        ..Fate::default()
    };

    let failure = go(&recipe(""), folder(dir.path()), None, fate).expect_err("it diverges");

    assert_eq!(failure.code, Code::Diverged);
    let newest = Folder::open(dir.path(), 100).unwrap().newest().unwrap();
    assert_eq!(newest.snapshot.unwrap().progress.step, 6);
}

#[test]
fn a_full_disk_is_said_and_the_last_good_checkpoint_stays() {
    let recipe = recipe("");
    let dir = tempfile::tempdir().unwrap();
    let store = folder(dir.path());
    let partial = dir.path().join("step-0000000006.ckpt.partial");
    std::os::unix::fs::symlink("/dev/full", &partial).unwrap();

    let failure = go(&recipe, store, None, Fate::default()).expect_err("there is no room");

    assert_eq!(failure.code, Code::Disk);
    assert!(!partial.exists());
    let (_, left) = go(
        &recipe,
        folder(dir.path()),
        Some(dir.path()),
        Fate::default(),
    )
    .unwrap();
    assert_eq!(left, whole(&recipe));
}

#[test]
fn a_full_pipe_is_said() {
    let store = Store::Pipe(Frames::open(Path::new("/dev/full")).unwrap());

    let failure = go(&recipe(""), store, None, Fate::default()).expect_err("there is no room");

    assert_eq!(failure.code, Code::Disk);
}

#[test]
fn a_pipe_carries_whole_checkpoints_one_after_another() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("frames");
    fs::write(&path, b"").unwrap();
    let store = Store::Pipe(Frames::open(&path).unwrap());

    let (_, left) = go(&recipe(""), store, None, Fate::default()).unwrap();

    let bytes = fs::read(&path).unwrap();
    let mut rest = bytes.as_slice();
    let mut steps = Vec::new();
    while let Some((len, frame)) = rest.split_first_chunk() {
        let (frame, after) = frame.split_at(u64::from_le_bytes(*len) as usize);
        let snapshot = read_snapshot(&mut &*frame).unwrap();
        steps.push(snapshot.progress.step);
        assert!(left.records.starts_with(&snapshot.records));
        rest = after;
    }
    assert_eq!(steps, [3, 6, 9, 12, 15, 18, 18]);
}

#[test]
fn a_corrupt_checkpoint_gives_way_to_the_one_before() {
    let recipe = recipe("");
    let dir = tempfile::tempdir().unwrap();
    let fate = Fate {
        stopped_at: Some(10),
        ..Fate::default()
    };
    go(&recipe, folder(dir.path()), None, fate).unwrap();
    let newest = dir.path().join("step-0000000010.ckpt");
    let mut bytes = fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&newest, bytes).unwrap();

    let found = Folder::open(dir.path(), 100).unwrap().newest().unwrap();
    let (_, left) = go(
        &recipe,
        folder(dir.path()),
        Some(dir.path()),
        Fate::default(),
    )
    .unwrap();

    assert_eq!(found.corrupt, [newest]);
    assert_eq!(found.snapshot.unwrap().progress.step, 9);
    assert_eq!(left, whole(&recipe));
}

#[test]
fn when_every_checkpoint_is_corrupt_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("step-0000000003.ckpt"),
        b"sealtune-ckpt-1\nand then nothing",
    )
    .unwrap();

    let failure = go(
        &recipe(""),
        folder(dir.path()),
        Some(dir.path()),
        Fate::default(),
    )
    .expect_err("none is whole");

    assert_eq!(failure.code, Code::Checkpoint);
}

#[test]
fn only_the_newest_checkpoints_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::Folder(Folder::open(dir.path(), 2).unwrap());

    go(&recipe(""), store, None, Fate::default()).unwrap();

    assert_eq!(
        Folder::open(dir.path(), 2).unwrap().steps().unwrap(),
        [15, 18]
    );
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let ours = identity(&recipe(""));
    let theirs = identity(&recipe("seed: 43"));
    let mut elsewhere = ours.clone();
    elsewhere.recipe = RecipeDigest([9; 32]);

    assert!(ours.check(&ours).is_ok());
    assert!(ours.check(&theirs).is_err());
    assert!(ours.check(&elsewhere).is_err());
}

#[test]
fn the_wall_time_of_a_recipe_ends_a_run_with_a_result() {
    let recipe = recipe("wall_secs_max: 30");
    let dir = tempfile::tempdir().unwrap();

    let (ended, left) = go(&recipe, folder(dir.path()), None, Fate::default()).unwrap();

    assert_eq!(ended, Ended::Trained(Ending::WallTime));
    assert!(
        (1..18).contains(&left.records.len()),
        "{} steps",
        left.records.len()
    );
}

#[test]
fn a_loss_above_the_watchdogs_threshold_ends_the_run() {
    let recipe = recipe("loss_watchdog_threshold: 0.000001\nloss_watchdog_patience: 3");
    let dir = tempfile::tempdir().unwrap();

    let failure =
        go(&recipe, folder(dir.path()), None, Fate::default()).expect_err("it never falls so low");

    assert_eq!(failure.code, Code::Diverged);
}

#[test]
fn an_evaluation_loss_that_stops_falling_ends_the_run_early() {
    let recipe =
        recipe("val_set_size: 0.1\nearly_stopping_patience: 1\nearly_stopping_threshold: 1000");
    let dir = tempfile::tempdir().unwrap();

    let (ended, left) = go(&recipe, folder(dir.path()), None, Fate::default()).unwrap();

    assert_eq!(ended, Ended::Trained(Ending::EarlyStop));
    // The first evaluation has nothing to beat, the second gains too little.
    assert_eq!(left.records.len(), 8);
}

#[test]
fn a_window_taken_again_has_the_same_bits() {
    let recipe = recipe("");
    let whole = whole(&recipe);
    let dir = tempfile::tempdir().unwrap();
    go(&recipe, folder(dir.path()), None, Fate::default()).unwrap();
    for step in [6, 9, 12, 15, 18] {
        fs::remove_file(dir.path().join(format!("step-{step:010}.ckpt"))).unwrap();
    }

    let (_, left) = go(
        &recipe,
        folder(dir.path()),
        Some(dir.path()),
        Fate::default(),
    )
    .unwrap();

    let replay = compare(&whole.records, &left.records[3..]);
    assert_eq!((replay.steps, replay.same_bits), (15, 15));
}
