//! What Prometheus asks for: base units, few labels, no ids.

mod gpu;
mod money;
mod training;
mod world;

use crate::breaker::{Cause, Standing};
use crate::status::Survey;
use gpu::Gpu;
use money::Money;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use proto::training::{Progress, Step};
use proto::{Seconds, Wei};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tasks::{Outcome, Phase};
use training::Training;
use world::World;

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
    world: World,
    money: Money,
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
            Progress::Checkpoint(checkpoint) => training.kept(checkpoint, now),
            Progress::Resumed => training.went_on(),
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

    /// Room in the state folder.
    pub fn disk(&self, free_bytes: u64) {
        self.0.world.disk(free_bytes);
    }

    /// A final block was seen.
    pub fn chain(&self, at: Seconds, now: Seconds) {
        self.0.world.chain(at, now);
    }

    /// The device gave evidence.
    pub fn attested(&self, at: Seconds) {
        self.0.world.attested(at);
    }

    /// What an endpoint, by its place in the configuration, was asked so far.
    pub fn rpc(&self, place: usize, requests: u64, faults: u64) {
        self.0.world.rpc(place, requests, faults);
    }

    /// What the wallet holds.
    pub fn wallet(&self, balance: Wei) {
        self.0.money.wallet(balance);
    }

    /// What secures promises, and how much of it does so now.
    pub fn bond(&self, amount: Wei, locked: Wei) {
        self.0.money.bond(amount, locked);
    }

    /// All fees ever paid to this node, as far as it knows.
    pub fn earned(&self, total: Wei) {
        self.0.money.earned(total);
    }

    /// Whether the places that keep content answer, and what the node's own folder holds.
    pub fn storage(&self, answers: bool, own_bytes: Option<u64>) {
        self.0.world.storage(answers, own_bytes);
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
            world: World::default(),
            money: Money::default(),
        };
        inner.register();
        Self(Arc::new(inner))
    }
}

impl Inner {
    fn register(&mut self) {
        let all = &mut self.registry;
        let build = [
            ("version", env!("CARGO_PKG_VERSION")),
            ("commit", papers::COMMIT),
        ];
        all.register("build", "What runs", Info::new(build));
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
        self.world.register(all);
        self.money.register(all);
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
