//! What Prometheus asks for: base units, few labels, no ids.

use crate::breaker::{Cause, Standing};
use crate::status::Survey;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use proto::Seconds;
use proto::training::{GpuReading, Progress, Step};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tasks::{Outcome, Phase};

type Figure = Gauge<f64, AtomicU64>;

/// A stage takes from a second to half a day.
const STAGE_SECS: [f64; 12] = [
    1.0, 2.0, 5.0, 15.0, 60.0, 180.0, 600.0, 1_800.0, 3_600.0, 10_800.0, 21_600.0, 43_200.0,
];

/// Shared by who counts and who is asked.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    tasks: Family<Ended, Counter>,
    stages: Family<Stage, Histogram, fn() -> Histogram>,
    tasks_open: Gauge,
    slot_busy: Gauge,
    queue_free: Gauge,
    draining: Gauge,
    breaker: Family<Why, Gauge>,
    up: Gauge,
    attested: Gauge,
    training: Training,
    gpu: Gpu,
}

#[derive(Default)]
struct Training {
    step: Gauge,
    steps: Gauge,
    loss: Figure,
    grad_norm: Figure,
    speed: Figure,
    tokens: Counter,
    checkpoint_bytes: Gauge,
    checkpoint_at: Gauge,
    resumed: Counter,
}

#[derive(Default)]
struct Gpu {
    used: Family<Card, Gauge>,
    total: Family<Card, Gauge>,
    utilisation: Family<Card, Figure>,
    power: Family<Card, Figure>,
    temperature: Family<Card, Gauge>,
    ecc: Family<Card, Gauge>,
    xid: Family<Fault, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    outcome: &'static str,
    /// The reason's number; 0 for none.
    reason: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stage {
    stage: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Card {
    gpu: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Fault {
    gpu: u32,
    xid: u32,
}

impl Metrics {
    /// A task came from one phase to the next after so long; `None` is a task new here.
    pub fn moved(&self, from: Option<(Phase, Seconds)>, to: Phase) {
        if let Some((from, secs)) = from {
            let secs = f64::from(u32::try_from(secs).unwrap_or(u32::MAX));
            let stage = Stage { stage: stage(from) };
            self.0.stages.get_or_create(&stage).observe(secs);
        }
        if let Phase::Closed(outcome) = to {
            self.0.tasks.get_or_create(&ended(outcome)).inc();
        }
    }

    /// A report of work under way.
    pub fn reported(&self, progress: &Progress, before: Option<&Step>, now: Seconds) {
        let training = &self.0.training;
        match progress {
            Progress::Step(step) => training.stepped(step, before),
            Progress::Checkpoint(checkpoint) => {
                training.checkpoint_bytes.set(whole(checkpoint.bytes));
                training.checkpoint_at.set(whole(now));
            }
            Progress::Resumed => {
                training.resumed.inc();
            }
            Progress::Gpu(reading) => self.0.gpu.read(reading),
            Progress::Evaluation(_)
            | Progress::Staging(_)
            | Progress::Sealing(_)
            | Progress::Upload(_) => {}
        }
    }

    /// How the node stands at the moment it is asked.
    pub fn stands(&self, survey: &Survey, gate: &Standing, up_secs: u64, attested: bool) {
        let inner = &self.0;
        inner.tasks_open.set(survey.open.into());
        inner.queue_free.set(survey.queue_free().into());
        inner.slot_busy.set(survey.training.is_some().into());
        inner.draining.set(gate.draining.into());
        inner.up.set(whole(up_secs));
        inner.attested.set(attested.into());
        for &cause in Cause::ALL {
            let open = gate.causes.iter().any(|&(held, _since)| held == cause);
            let why = Why {
                reason: cause.word(),
            };
            inner.breaker.get_or_create(&why).set(open.into());
        }
    }

    /// All of it, as Prometheus reads it.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut inner = Inner {
            registry: Registry::with_prefix("sealtune"),
            tasks: Family::default(),
            stages: Family::new_with_constructor(|| Histogram::new(STAGE_SECS)),
            tasks_open: Gauge::default(),
            slot_busy: Gauge::default(),
            queue_free: Gauge::default(),
            draining: Gauge::default(),
            breaker: Family::default(),
            up: Gauge::default(),
            attested: Gauge::default(),
            training: Training::default(),
            gpu: Gpu::default(),
        };
        inner.register();
        Self(Arc::new(inner))
    }
}

impl Inner {
    fn register(&mut self) {
        let all = &mut self.registry;
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        all.register("build", "What runs", version);
        all.register(
            "tasks",
            "Tasks that ended, by outcome and the reason's number",
            self.tasks.clone(),
        );
        all.register_with_unit(
            "task_stage",
            "Time a task spent in a stage, waiting included",
            Unit::Seconds,
            self.stages.clone(),
        );
        all.register("tasks_open", "Tasks not ended", self.tasks_open.clone());
        all.register(
            "slot_busy",
            "Whether a task is in training",
            self.slot_busy.clone(),
        );
        all.register(
            "queue_free",
            "Orders that would be taken now",
            self.queue_free.clone(),
        );
        all.register(
            "draining",
            "Whether the operator drains the node",
            self.draining.clone(),
        );
        all.register(
            "circuit_breaker",
            "Whether the breaker is open for this reason",
            self.breaker.clone(),
        );
        all.register_with_unit("up", "Time since the start", Unit::Seconds, self.up.clone());
        all.register(
            "attestation_ok",
            "Whether the boot's evidence is there",
            self.attested.clone(),
        );
        self.training.register(all);
        self.gpu.register(all);
    }
}

impl Training {
    fn register(&self, all: &mut Registry) {
        all.register("train_step", "The last step", self.step.clone());
        all.register(
            "train_steps_target",
            "Steps of this training",
            self.steps.clone(),
        );
        all.register("train_loss", "The last step's loss", self.loss.clone());
        all.register(
            "train_grad_norm",
            "The last step's gradient norm",
            self.grad_norm.clone(),
        );
        all.register(
            "train_tokens_per_second",
            "Speed at the last step",
            self.speed.clone(),
        );
        all.register("train_tokens", "Tokens trained on", self.tokens.clone());
        all.register_with_unit(
            "checkpoint",
            "Size of the last checkpoint",
            Unit::Bytes,
            self.checkpoint_bytes.clone(),
        );
        all.register(
            "checkpoint_timestamp_seconds",
            "When the last checkpoint was kept",
            self.checkpoint_at.clone(),
        );
        all.register(
            "resume",
            "Trainings that went on from a checkpoint",
            self.resumed.clone(),
        );
    }

    fn stepped(&self, step: &Step, before: Option<&Step>) {
        self.step.set(whole(step.step));
        self.steps.set(whole(step.steps_total));
        self.loss.set(step.loss.get());
        self.grad_norm.set(step.grad_norm.get());
        self.speed.set(step.tokens_per_sec.get());
        let counted = before.map_or(0, |before| before.tokens);
        self.tokens.inc_by(step.tokens.saturating_sub(counted));
    }
}

impl Gpu {
    fn register(&self, all: &mut Registry) {
        all.register_with_unit(
            "gpu_memory_used",
            "Memory in use",
            Unit::Bytes,
            self.used.clone(),
        );
        all.register_with_unit(
            "gpu_memory_total",
            "Memory there is",
            Unit::Bytes,
            self.total.clone(),
        );
        all.register(
            "gpu_utilisation_ratio",
            "Share of time it was busy",
            self.utilisation.clone(),
        );
        all.register("gpu_power_watts", "Power drawn", self.power.clone());
        all.register(
            "gpu_temperature_celsius",
            "Temperature",
            self.temperature.clone(),
        );
        all.register(
            "gpu_ecc_errors",
            "Uncorrected memory errors",
            self.ecc.clone(),
        );
        all.register(
            "gpu_xid_errors",
            "Faults the driver reported",
            self.xid.clone(),
        );
    }

    fn read(&self, reading: &GpuReading) {
        let card = Card {
            gpu: reading.ordinal,
        };
        self.used
            .get_or_create(&card)
            .set(whole(reading.memory_used_bytes));
        self.total
            .get_or_create(&card)
            .set(whole(reading.memory_total_bytes));
        self.utilisation
            .get_or_create(&card)
            .set(f64::from(reading.utilisation_pct) / 100.0);
        self.power
            .get_or_create(&card)
            .set(f64::from(reading.power_milliwatts) / 1_000.0);
        self.temperature
            .get_or_create(&card)
            .set(reading.temperature_celsius.into());
        self.ecc.get_or_create(&card).set(whole(reading.ecc_errors));
        if let Some(xid) = reading.xid {
            let gpu = reading.ordinal;
            self.xid.get_or_create(&Fault { gpu, xid }).inc();
        }
    }
}

/// What was done while a task was in this phase.
pub(crate) const fn stage(phase: Phase) -> &'static str {
    match phase {
        Phase::Offered => "promise",
        Phase::Promised => "accept",
        Phase::Accepted => "stage",
        Phase::Staged { .. } => "train",
        Phase::Trained { .. } => "seal",
        Phase::Sealed { .. } => "deliver",
        Phase::Delivered { .. } => "settle",
        Phase::Abandoned(_) => "release",
        Phase::Closed(_) => "closed",
    }
}

fn ended(outcome: Outcome) -> Ended {
    let (outcome, reason) = match outcome {
        Outcome::Paid => ("paid", 0),
        Outcome::Refused(reason) => ("refused", reason.code()),
        Outcome::Released(reason) => ("released", reason.code()),
        Outcome::Withdrawn => ("withdrawn", 0),
    };
    Ended { outcome, reason }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
