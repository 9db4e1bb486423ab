//! A node's trainer for tests: the real child, a tiny model, a vault in a folder.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file uses its part, and a test that panics is a test that fails"
)]

use async_trait::async_trait;
use node::intake::Speed;
use node::ports::Clock;
use node::sandbox::Strictness;
use node::stop::Stop;
use node::trainer::{
    Cause, ChildTrainer, Listener, Materials, Parts, PlainDisk, Settings, SourceError,
};
use node::vault::{Kind, Vault, VaultKey};
use proto::training::Progress;
use proto::{
    Digest, EncryptionKey, Order, Provider, RecipeDigest, Root, Seconds, TaskId, Tier, Wei,
};
use ring::digest::{SHA256, digest};
use rustix::process::{Pid, Signal, kill_process};
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tasks::Failure;

pub(crate) const NODE: &str = env!("CARGO_BIN_EXE_sealtune-node");

/// The trainer beside the node; built where a run of this package alone left it out.
pub(crate) fn trainer() -> &'static Path {
    static TRAINER: OnceLock<PathBuf> = OnceLock::new();
    TRAINER.get_or_init(|| {
        let program = Path::new(NODE).with_file_name("sealtune-trainer");
        if !program.exists() {
            build();
        }
        assert!(
            program.exists(),
            "these tests run the real trainer, and there is none: run `cargo build -p trainer` first"
        );
        program
    })
}

#[allow(clippy::disallowed_methods, reason = "cargo names itself to its tests")]
fn build() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_unset| "cargo".into());
    let profile = Path::new(NODE).parent().and_then(Path::file_name).unwrap();
    let profile = match profile.to_str().unwrap() {
        "debug" => "dev",
        other => other,
    };
    let built = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--package",
            "trainer",
            "--profile",
            profile,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(
        built.is_ok_and(|status| status.success()),
        "these tests run the real trainer, and it cannot be built: run `cargo build -p trainer`"
    );
}

/// A folder with a model, a vault, and everything a trainer needs.
pub(crate) struct Desk {
    pub(crate) dir: Folder,
    pub(crate) vault: Arc<Vault>,
    pub(crate) materials: Arc<Given>,
    pub(crate) ears: Arc<Ears>,
    pub(crate) speed: Speed,
    pub(crate) order: Order,
    pub(crate) dataset: Digest,
}

pub(crate) const RECIPE: &str = r#"{"lora_r":4,"lora_alpha":8,"lora_dropout":0.1,"sequence_len":128,"micro_batch_size":1,"gradient_accumulation_steps":2,"num_epochs":20,"learning_rate":0.003,"save_steps":4,"val_set_size":4,"bf16":false}"#;

/// What a test gives in place of chain and storage.
pub(crate) struct Given {
    pub(crate) recipe: Mutex<String>,
    pub(crate) model: PathBuf,
    pub(crate) vault: Arc<Vault>,
    /// Stop feeding after so many bytes.
    pub(crate) cut: Mutex<Option<usize>>,
}

/// What is done when a step is told, on the thread that keeps the child.
pub(crate) type OnStep = Box<dyn FnMut(u64) + Send>;

/// Everything that was told.
#[derive(Default)]
pub(crate) struct Ears {
    pub(crate) progress: Mutex<Vec<Progress>>,
    pub(crate) tasks: Mutex<Vec<TaskId>>,
    pub(crate) on_step: Mutex<Option<OnStep>>,
    pub(crate) causes: Mutex<Vec<Cause>>,
}

/// A folder of this test's own, or one that another process looks after.
pub(crate) struct Folder(PathBuf, Option<tempfile::TempDir>);

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Desk {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let model = dir.path().join("model");
        let made = Command::new(trainer())
            .arg("make-tiny")
            .arg(&model)
            .status();
        assert!(made.unwrap().success());
        let data = dataset();
        let desk = Self::of(Folder(dir.path().into(), Some(dir)));
        desk.vault
            .put(Kind::Dataset, &desk.dataset.into(), data.as_bytes())
            .unwrap();
        fs::write(
            desk.dir.path().join("deadline"),
            desk.order.deadline.to_string(),
        )
        .unwrap();
        desk
    }

    /// The same desk, in another process.
    pub(crate) fn at(folder: &Path) -> Self {
        let mut desk = Self::of(Folder(folder.into(), None));
        let deadline = fs::read_to_string(folder.join("deadline")).unwrap();
        desk.order.deadline = deadline.parse().unwrap();
        desk
    }

    fn of(dir: Folder) -> Self {
        let model = dir.path().join("model");
        let key = VaultKey::take(&mut [9; 32]);
        let vault = Arc::new(Vault::open(&dir.path().join("vault"), &key).unwrap());
        let data = dataset();
        let sha256 = Digest(
            digest(&SHA256, data.as_bytes())
                .as_ref()
                .try_into()
                .unwrap(),
        );
        let materials = Given {
            recipe: Mutex::new(RECIPE.into()),
            model,
            vault: vault.clone(),
            cut: Mutex::default(),
        };
        Self {
            dir,
            vault,
            materials: Arc::new(materials),
            ears: Arc::default(),
            speed: Speed::assumed(1),
            order: order(),
            dataset: sha256,
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            launcher: NODE.into(),
            program: trainer().into(),
            scratch: self.dir.path().join("scratch"),
            plain_disk: PlainDisk::Allow,
            records: self.dir.path().into(),
            strictness: Strictness::Required,
            device: "cpu".into(),
            threads: Some(1),
            memory_bytes: 2 << 30,
            silence_max: Duration::from_mins(2),
            checkpoint_every: Duration::from_hours(1),
            checkpoints_kept: 2,
            grace: Duration::from_secs(0),
        }
    }

    pub(crate) fn trainer(&self) -> ChildTrainer {
        self.trainer_with(self.settings(), Stop::default())
    }

    pub(crate) fn trainer_with(&self, settings: Settings, stop: Stop) -> ChildTrainer {
        let parts = Parts {
            settings,
            vault: self.vault.clone(),
            materials: self.materials.clone(),
            listener: self.ears.clone(),
            speed: self.speed.clone(),
            clock: Arc::new(Wall),
            stop,
        };
        ChildTrainer::open(parts).unwrap()
    }

    /// Sends this signal to the child once, when this step is told.
    pub(crate) fn signal_at(&self, at: u64, signal: Signal) {
        let record = self.record();
        let mut sent = false;
        *self.ears.on_step.lock().unwrap() = Some(Box::new(move |step| {
            if step >= at && !sent {
                sent = true;
                kill_process(child(&record).unwrap(), signal).unwrap();
            }
        }));
    }

    pub(crate) fn record(&self) -> PathBuf {
        self.dir.path().join("trainer.pid")
    }

    pub(crate) fn checkpoints(&self) -> usize {
        self.vault.list(Kind::Checkpoint).unwrap().len()
    }

    pub(crate) fn steps(&self) -> Vec<u64> {
        let progress = self.ears.progress.lock().unwrap();
        let steps = progress.iter().filter_map(|progress| match progress {
            Progress::Step(step) => Some(step.step),
            Progress::Staging(_)
            | Progress::Evaluation(_)
            | Progress::Checkpoint(_)
            | Progress::Gpu(_)
            | Progress::Sealing(_)
            | Progress::Upload(_)
            | Progress::Resumed => None,
        });
        steps.collect()
    }

    pub(crate) fn last_cause(&self) -> Option<Cause> {
        self.ears.causes.lock().unwrap().last().cloned()
    }
}

/// The process that trains now, as the node wrote it down.
pub(crate) fn child(record: &Path) -> Option<Pid> {
    let text = fs::read_to_string(record).ok()?;
    Pid::from_raw(text.split(' ').next()?.parse().ok()?)
}

pub(crate) fn dataset() -> String {
    let mut lines = String::new();
    for at in 0..24 {
        let next = at + 1;
        writeln!(lines, r#"{{"messages":[{{"role":"user","content":"What is {at} plus one?"}},{{"role":"assistant","content":"It is {next}."}}]}}"#).unwrap();
    }
    lines
}

pub(crate) fn order() -> Order {
    Order {
        chain_id: 31_337,
        contract: proto::Address::repeat_byte(1),
        customer: proto::Address::repeat_byte(2),
        provider: Provider::Any,
        base_model: Root([3; 32]),
        dataset: Root([4; 32]),
        recipe: RecipeDigest([5; 32]),
        fee_max: Wei::from(1),
        deadline: Wall.now() + 3_600,
        nonce: proto::U256::from(1),
        encryption_key: EncryptionKey::X25519([6; 32]),
        tier: Tier::Development,
        ack_window_secs: 60,
        penalty_bps: 0,
        compensation: Wei::ZERO,
        resumable: true,
    }
}

impl Materials for Given {
    fn recipe(&self, _order: &Order) -> Result<String, Failure> {
        Ok(self.recipe.lock().unwrap().clone())
    }

    fn model(&self, _order: &Order) -> Result<PathBuf, Failure> {
        Ok(self.model.clone())
    }

    fn dataset(
        &self,
        _order: &Order,
        dataset: Digest,
        to: &mut dyn Write,
    ) -> Result<(), SourceError> {
        let Some(cut) = *self.cut.lock().unwrap() else {
            return node::trainer::staged(&self.vault, dataset, to);
        };
        let mut plain = Vec::new();
        node::trainer::staged(&self.vault, dataset, &mut plain)?;
        to.write_all(&plain[..cut])
            .map_err(|error| SourceError::of_pipe(&error))?;
        Err(SourceError::Failed(Failure::Transient))
    }
}

impl Listener for Ears {
    fn progress(&self, task: TaskId, progress: Progress) {
        self.tasks.lock().unwrap().push(task);
        let step = match &progress {
            Progress::Step(step) => Some(step.step),
            Progress::Staging(_)
            | Progress::Evaluation(_)
            | Progress::Checkpoint(_)
            | Progress::Gpu(_)
            | Progress::Sealing(_)
            | Progress::Upload(_)
            | Progress::Resumed => None,
        };
        self.progress.lock().unwrap().push(progress);
        if let (Some(step), Some(act)) = (step, &mut *self.on_step.lock().unwrap()) {
            act(step);
        }
    }

    fn ended(&self, _task: TaskId, cause: &Cause) {
        self.causes.lock().unwrap().push(cause.clone());
    }
}

/// The machine's time: children live in it too.
pub(crate) struct Wall;

#[async_trait]
impl Clock for Wall {
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Seconds {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs()
    }

    async fn sleep_until(&self, _at: Seconds) {
        std::future::pending::<()>().await;
    }
}
