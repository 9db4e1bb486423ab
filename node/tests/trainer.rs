//! The trainer port with the real trainer behind real walls.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that panics is a test that fails"
)]

mod common;

use common::{Desk, RECIPE, Wall, child, dataset, order, trainer};
use node::intake::Recipes;
use node::ports::{Clock, Trainer};
use node::stop::Stop;
use node::trainer::{Cause, CountFailure, Exit, RecipeDesk, Settings};
use node::vault::Kind;
use proto::training::Progress;
use proto::{Digest, Order, Reason};
use ring::digest::{SHA256, digest};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal, pidfd_open};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use tasks::Failure;

/// What an uninterrupted training of the usual order gives.
async fn uninterrupted() -> Digest {
    static ADAPTER: OnceLock<Digest> = OnceLock::new();
    if let Some(adapter) = ADAPTER.get() {
        return *adapter;
    }
    let desk = Desk::new();
    let adapter = desk
        .trainer()
        .train(&desk.order, desk.dataset)
        .await
        .unwrap();
    *ADAPTER.get_or_init(|| adapter)
}

/// Trains until there is an adapter, as the conductor would.
async fn patiently(desk: &Desk, attempts: usize) -> Digest {
    let trainer = desk.trainer();
    for _ in 0..attempts {
        match trainer.train(&desk.order, desk.dataset).await {
            Ok(adapter) => return adapter,
            Err(Failure::Hopeless(reason)) => panic!("{reason}: {:?}", desk.last_cause()),
            Err(Failure::Transient | Failure::NotBefore(_)) => {}
        }
    }
    panic!(
        "no adapter after {attempts} attempts: {:?}",
        desk.last_cause()
    );
}

/// What lies in a folder that others write to: a file may go, or take its final name, between the list and the look.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            folder if folder.is_dir() => found.extend(files(&folder)),
            file => found.extend(fs::read(file).ok()),
        }
    }
    found
}

fn holds(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window == words)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_ends_with_an_adapter_in_the_vault_and_nothing_else() {
    let desk = Desk::new();

    let adapter = desk
        .trainer()
        .train(&desk.order, desk.dataset)
        .await
        .unwrap();

    let mut package = Vec::new();
    desk.vault
        .get(Kind::Adapter, &adapter.into(), &mut package)
        .unwrap();
    let out = desk.dir.path().join("unpacked");
    let limits = storage::Limits::default();
    storage::unpack(&package[..], &out, limits).unwrap();
    let weights = fs::read(out.join("adapter_model.safetensors")).unwrap();
    assert_eq!(digest(&SHA256, &weights).as_ref(), adapter.as_bytes());
    assert!(out.join("training.json").exists());
    assert_eq!(desk.checkpoints(), 0);
    assert!(files(&desk.dir.path().join("scratch")).is_empty());
    assert!(!desk.record().exists());
    let steps = desk.steps();
    assert!((1..).zip(&steps).all(|(at, &step)| at == step), "{steps:?}");
    assert_eq!(steps.len(), 60);
    let kept = desk.ears.progress.lock().unwrap();
    assert!(
        kept.iter()
            .any(|news| matches!(news, Progress::Checkpoint(_)))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_trained_is_not_trained_again() {
    let desk = Desk::new();
    let first = desk
        .trainer()
        .train(&desk.order, desk.dataset)
        .await
        .unwrap();
    let steps = desk.steps().len();

    let again = desk
        .trainer()
        .train(&desk.order, desk.dataset)
        .await
        .unwrap();

    assert_eq!(again, first);
    assert_eq!(desk.steps().len(), steps);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_it_gives_the_same_adapter() {
    let whole = uninterrupted().await;
    for seed in 0..2_u64 {
        let desk = Desk::new();
        let record = desk.record();
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut kills = 0;
        *desk.ears.on_step.lock().unwrap() = Some(Box::new(move |_step| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            if kills < 6 && random % 7 == 0 {
                kills += 1;
                rustix::process::kill_process(child(&record).unwrap(), Signal::KILL).ok();
            }
        }));

        let adapter = patiently(&desk, 12).await;

        assert_eq!(adapter, whole, "seed {seed}");
        assert!(
            desk.ears.causes.lock().unwrap().contains(&Cause::Killed),
            "seed {seed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_from_the_last_checkpoint_and_not_from_the_start() {
    let desk = Desk::new();
    desk.signal_at(10, Signal::KILL);

    let killed = desk.trainer().train(&desk.order, desk.dataset).await;

    // It came further, so no patience is spent.
    assert!(matches!(killed, Err(Failure::NotBefore(_))), "{killed:?}");
    assert!(desk.checkpoints() > 0);
    let told = desk.steps().len();
    desk.trainer()
        .train(&desk.order, desk.dataset)
        .await
        .unwrap();
    assert!(desk.steps()[told] > 1);
    let news = desk.ears.progress.lock().unwrap();
    assert!(news.iter().any(|news| matches!(news, Progress::Resumed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_by_the_clock_comes_without_the_recipe_asking() {
    let desk = Desk::new();
    *desk.materials.recipe.lock().unwrap() = RECIPE.replace(r#""save_steps":4,"#, "");
    let settings = Settings {
        checkpoint_every: Duration::ZERO,
        ..desk.settings()
    };
    desk.signal_at(6, Signal::KILL);

    let killed = desk.trainer_with(settings, Stop::default());
    let killed = killed.train(&desk.order, desk.dataset).await;

    assert!(matches!(killed, Err(Failure::NotBefore(_))), "{killed:?}");
    assert!(desk.checkpoints() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_writes_a_checkpoint_and_the_next_start_goes_on() {
    let whole = uninterrupted().await;
    let desk = Desk::new();
    *desk.materials.recipe.lock().unwrap() = RECIPE.into();
    let stop = Stop::default();
    let draining = stop.clone();
    *desk.ears.on_step.lock().unwrap() = Some(Box::new(move |step| {
        if step == 3 {
            draining.drain();
        }
    }));

    let stopped = desk.trainer_with(desk.settings(), stop);
    let stopped = stopped.train(&desk.order, desk.dataset).await;

    assert!(matches!(stopped, Err(Failure::NotBefore(_))), "{stopped:?}");
    assert_eq!(desk.last_cause(), Some(Cause::Exited(Exit::Stopped)));
    *desk.ears.on_step.lock().unwrap() = None;
    let adapter = desk
        .trainer()
        .train(&desk.order, desk.dataset)
        .await
        .unwrap();
    assert_eq!(adapter, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_a_training_end_that_is_nearly_done() {
    let desk = Desk::new();
    let settings = Settings {
        grace: Duration::from_hours(1),
        ..desk.settings()
    };
    let stop = Stop::default();
    let draining = stop.clone();
    *desk.ears.on_step.lock().unwrap() = Some(Box::new(move |_step| draining.drain()));

    let done = desk.trainer_with(settings, stop);

    assert!(done.train(&desk.order, desk.dataset).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_training_ends_its_child_before_the_next_begins() {
    let desk = Desk::new();
    let (told, mut begun) = tokio::sync::mpsc::channel(64);
    let record = desk.record();
    *desk.ears.on_step.lock().unwrap() = Some(Box::new(move |_step| {
        told.try_send(child(&record)).ok();
    }));
    let trainer = desk.trainer();
    let first = tokio::select! {
        ended = trainer.train(&desk.order, desk.dataset) => panic!("{ended:?}"),
        Some(first) = begun.recv() => first.unwrap(),
    };
    let held = pidfd_open(first, PidfdFlags::empty());

    let adapter = trainer.train(&desk.order, desk.dataset).await.unwrap();

    assert_eq!(adapter, uninterrupted().await);
    assert!(held.is_ok_and(|held| has_ended(&held)));
}

/// Whether the process ends within a time that is more than enough.
fn has_ended(held: &impl std::os::fd::AsFd) -> bool {
    let wait = Timespec {
        tv_sec: 20,
        tv_nsec: 0,
    };
    poll(&mut [PollFd::new(held, PollFlags::IN)], Some(&wait)).unwrap() == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_die_is_a_cause_of_its_own() {
    let ways = [
        (Signal::KILL, Cause::Killed, "trainer_killed"),
        (
            // Of a fault that a signal only tells of, Rust makes nothing the first time.
            Signal::ILL,
            Cause::Crashed { signal: 4 },
            "trainer_crashed",
        ),
        (Signal::ABORT, Cause::OverLimit, "trainer_over_memory_limit"),
        (
            Signal::TERM,
            Cause::Exited(Exit::Stopped),
            "trainer_stopped",
        ),
        (Signal::XCPU, Cause::CpuTime, "trainer_cpu_time"),
    ];
    for (signal, cause, code) in ways {
        let desk = Desk::new();
        desk.signal_at(1, signal);

        let failed = desk.trainer().train(&desk.order, desk.dataset).await;

        assert!(failed.is_err(), "{code}");
        assert_eq!(desk.last_cause(), Some(cause.clone()), "{code}");
        assert_eq!(cause.code(), code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_hangs_is_killed_with_its_group() {
    let desk = Desk::new();
    let settings = Settings {
        silence_max: Duration::from_secs(3),
        ..desk.settings()
    };
    desk.signal_at(1, Signal::STOP);

    let failed = desk.trainer_with(settings, Stop::default());
    let failed = failed.train(&desk.order, desk.dataset).await;

    assert!(failed.is_err());
    assert_eq!(desk.last_cause(), Some(Cause::Silent { secs: 3 }));
    assert!(!desk.record().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_deadline_the_child_is_killed() {
    let desk = Desk::new();
    desk.signal_at(1, Signal::STOP);
    let order = Order {
        deadline: Wall.now() + 4,
        ..desk.order.clone()
    };

    let failed = desk.trainer().train(&order, desk.dataset).await;

    assert!(failed.is_err());
    assert_eq!(desk.last_cause(), Some(Cause::Deadline));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_order_is_told_as_its_reason() {
    let wild = "\"lora_alpha\":1e20,\"max_grad_norm\":0";
    let nan = RECIPE.replace("0.003", "1.0");
    let nan = nan.replace("\"lora_alpha\":8", wild);
    let few = "{\"lora_r\":0}";
    let wrong = [
        (few, Reason::RecipeInvalid),
        (nan.as_str(), Reason::Diverged),
    ];
    for (recipe, reason) in wrong {
        let desk = Desk::new();
        *desk.materials.recipe.lock().unwrap() = recipe.into();

        let failed = desk.trainer().train(&desk.order, desk.dataset).await;

        assert_eq!(
            failed,
            Err(Failure::Hopeless(reason)),
            "{:?}",
            desk.last_cause()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_that_does_not_fit_is_refused_before_it_begins() {
    let desk = Desk::new();
    let settings = Settings {
        memory_bytes: 40 << 20,
        ..desk.settings()
    };

    let failed = desk.trainer_with(settings, Stop::default());
    let failed = failed.train(&desk.order, desk.dataset).await;

    assert_eq!(
        failed,
        Err(Failure::Hopeless(Reason::OutOfMemory)),
        "{:?}",
        desk.last_cause()
    );
    assert!(desk.steps().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_breaks_off_is_never_trained_on() {
    let desk = Desk::new();
    let whole_lines = dataset().lines().take(12).map(|line| line.len() + 1).sum();
    *desk.materials.cut.lock().unwrap() = Some(whole_lines);

    let failed = desk.trainer().train(&desk.order, desk.dataset).await;

    assert_eq!(failed, Err(Failure::Transient));
    assert_eq!(desk.last_cause(), Some(Cause::Source(Failure::Transient)));
    assert!(desk.steps().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_data_than_was_staged_is_not_trained_on() {
    let desk = Desk::new();
    let other = Digest([1; 32]);
    desk.vault
        .put(Kind::Dataset, &other.into(), dataset().as_bytes())
        .unwrap();

    let failed = desk.trainer().train(&desk.order, other).await;

    assert_eq!(failed, Err(Failure::Transient));
    assert_eq!(desk.last_cause(), Some(Cause::OtherData));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_trains_at_a_time() {
    let desk = Desk::new();
    let trainer = desk.trainer();
    let orders: Vec<_> = (0..3).map(|nonce| order_of(&desk, nonce)).collect();

    let [a, b, c] = &orders[..] else { panic!() };
    let all = tokio::join!(
        trainer.train(a, desk.dataset),
        trainer.train(b, desk.dataset),
        trainer.train(c, desk.dataset),
    );

    assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok(), "{all:?}");
    let mut tasks = desk.ears.tasks.lock().unwrap().clone();
    tasks.dedup();
    assert_eq!(tasks.len(), 3, "their reports do not mix");
}

fn order_of(desk: &Desk, nonce: u64) -> Order {
    Order {
        nonce: proto::U256::from(nonce),
        ..desk.order.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_counted_behind_the_same_walls() {
    let desk = Desk::new();

    let counted = desk
        .trainer()
        .count(&order(), |to| {
            to.write_all(dataset().as_bytes())
                .map_err(|error| node::trainer::SourceError::of_pipe(&error))
        })
        .await
        .unwrap();

    assert_eq!(counted.sha256, desk.dataset);
    assert_eq!(usize::try_from(counted.bytes), Ok(dataset().len()));
    assert_eq!(counted.report.lines, 24);
    assert!(counted.tokens > counted.targets && counted.targets > 0);
    assert!(counted.steps > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_mistake_is_told_with_its_line() {
    let desk = Desk::new();
    let data = dataset() + "{\"messages\": 7}\n";

    let failed = desk
        .trainer()
        .count(&order(), move |to| {
            to.write_all(data.as_bytes())
                .map_err(|error| node::trainer::SourceError::of_pipe(&error))
        })
        .await
        .unwrap_err();

    assert_eq!(
        failed.failure(),
        Failure::Hopeless(Reason::DatasetMalformed)
    );
    let CountFailure::Mistakes { text, .. } = failed else {
        panic!("{failed:?}");
    };
    assert!(text.text().contains("line 25"), "{}", text.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipe_that_can_be_trained_is_not_refused() {
    let desk = Desk::new();
    let recipes = RecipeDesk::new(desk.trainer());

    let answer = recipes.check(&desk.order, RECIPE.as_bytes()).await;

    assert_eq!(answer, Ok(()));
    assert!(files(&desk.dir.path().join("scratch")).is_empty());
}

/// Its figures pass admission; only the trainer reads the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_recipe_that_the_trainer_refuses_is_refused_before_anything_is_promised() {
    let desk = Desk::new();
    let recipes = RecipeDesk::new(desk.trainer());
    for (number, wrong) in [
        r#""learning_rate":-1.0"#,
        r#""learning_rate":0.003,"optimizer_of_dreams":1"#,
        r#""learning_rate":0.003,"lora_target_modules":["no_such_part"]"#,
        r#""learning_rate":0.003,"chat_template_jinja":"{% for""#,
    ]
    .into_iter()
    .enumerate()
    {
        let recipe = RECIPE.replace(r#""learning_rate":0.003"#, wrong);
        let mut order = desk.order.clone();
        order.recipe = proto::RecipeDigest([u8::try_from(number).unwrap(); 32]);

        let answer = recipes.check(&order, recipe.as_bytes()).await;

        assert!(
            matches!(answer, Err(Failure::Hopeless(_))),
            "{wrong}: {answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_the_model_cannot_read_are_refused_before_anything_is_promised() {
    let desk = Desk::new();
    let recipes = RecipeDesk::new(desk.trainer());
    let recipe = RECIPE.replace(r#""sequence_len":128"#, r#""sequence_len":4096"#);

    let answer = recipes.check(&desk.order, recipe.as_bytes()).await;

    assert_eq!(answer, Err(Failure::Hopeless(Reason::RecipeInvalid)));
}

/// Its largest batch is foretold from the model's shape; no data is needed for that.
#[tokio::test(flavor = "multi_thread")]
async fn a_recipe_that_would_not_fit_is_refused_before_anything_is_promised() {
    let desk = Desk::new();
    let mut settings = desk.settings();
    settings.memory_bytes = 64 << 20;
    let recipes = RecipeDesk::new(desk.trainer_with(settings, Stop::default()));

    let answer = recipes.check(&desk.order, RECIPE.as_bytes()).await;

    assert_eq!(answer, Err(Failure::Hopeless(Reason::OutOfMemory)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trainer_that_cannot_be_asked_refuses_no_recipe() {
    let desk = Desk::new();
    let mut settings = desk.settings();
    settings.program = desk.dir.path().join("nothing-here");
    let recipes = RecipeDesk::new(desk.trainer_with(settings, Stop::default()));

    let answer = recipes.check(&desk.order, RECIPE.as_bytes()).await;

    assert_eq!(answer, Err(Failure::Transient));
}

/// The one who asks again asks no child: this one is gone by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_recipe_is_looked_at_once() {
    let desk = Desk::new();
    let mut settings = desk.settings();
    let program = desk.dir.path().join("trainer");
    fs::copy(trainer(), &program).unwrap();
    settings.program = program.clone();
    let recipes = RecipeDesk::new(desk.trainer_with(settings, Stop::default()));
    assert_eq!(recipes.check(&desk.order, RECIPE.as_bytes()).await, Ok(()));
    fs::remove_file(&program).unwrap();

    let again = recipes.check(&desk.order, RECIPE.as_bytes()).await;

    assert_eq!(again, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_closed_task_nothing_is_kept_but_what_another_needs() {
    let desk = Desk::new();
    let twin = order_of(&desk, 2);
    let trainer = desk.trainer();
    let adapter = trainer.train(&desk.order, desk.dataset).await.unwrap();
    assert_eq!(trainer.train(&twin, desk.dataset).await.unwrap(), adapter);

    Trainer::forget(&trainer, desk.order.id()).await;
    assert!(desk.vault.has(Kind::Adapter, &adapter.into()));
    Trainer::forget(&trainer, twin.id()).await;

    assert!(!desk.vault.has(Kind::Adapter, &adapter.into()));
    assert!(desk.vault.list(Kind::Record).unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_trains_no_line_of_the_data_lies_in_any_file() {
    let desk = Desk::new();
    let folder = desk.dir.path().to_owned();
    let (told, mut seen) = tokio::sync::mpsc::channel(64);
    *desk.ears.on_step.lock().unwrap() = Some(Box::new(move |_step| {
        let files = files(&folder);
        let found = files.iter().any(|bytes| holds(bytes, b"plus one?"));
        told.try_send((files.len(), found)).ok();
    }));

    desk.trainer()
        .train(&desk.order, desk.dataset)
        .await
        .unwrap();

    let mut looks = 0;
    while let Ok((files, found)) = seen.try_recv() {
        looks += usize::from(files > 0);
        assert!(!found);
    }
    assert!(looks > 0);
}

/// The desk of the process that is killed, by its folder.
const DESK: &str = "SEALTUNE_TEST_DESK";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the body of the process that another test kills"]
#[allow(
    clippy::disallowed_methods,
    reason = "one test tells another its folder"
)]
async fn a_node_that_will_be_killed() {
    let Some(folder) = std::env::var_os(DESK) else {
        return;
    };
    let desk = Desk::at(Path::new(&folder));
    *desk.ears.on_step.lock().unwrap() = Some(Box::new(|step| eprintln!("step {step}")));
    desk.trainer().train(&desk.order, desk.dataset).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_node_leaves_no_trainer_and_the_next_one_goes_on() {
    let desk = Desk::new();
    let mut node = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_node_that_will_be_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(DESK, desk.dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(node.stderr.take().unwrap());
    let begun = told
        .lines()
        .map_while(Result::ok)
        .any(|line| line.contains("step 9"));
    assert!(begun, "the other process trains");
    let trainer = child(&desk.record()).unwrap();
    let held = pidfd_open(trainer, PidfdFlags::empty()).unwrap();

    node.kill().unwrap();
    node.wait().unwrap();

    assert!(has_ended(&held), "the trainer ends with its node");
    assert!(desk.checkpoints() > 0);
    let adapter = desk
        .trainer()
        .train(&desk.order, desk.dataset)
        .await
        .unwrap();
    assert_eq!(adapter, uninterrupted().await);
    assert!(desk.steps()[0] > 1, "it went on");
}

#[test]
fn the_real_trainer_is_here() {
    assert!(trainer().exists());
}
