//! The backend itself: frozen weights, adapters, moments and the arena.

use std::fmt;
use std::path::Path;

use super::arena::{Arena, Ranks};
use super::load::{Frozen, Loader};
use super::meter::{Meter, Phase};
use super::pass::backward;
use super::rotary::HEAD_DIM_MAX;
use super::update;
use crate::backend::{Backend, BackendError, LossSum, NumericClass, Place, StepReport};
use crate::batch::Batch;
use crate::lora::{Layout, groups};
use crate::model::{ModelSource, ModelSpec, RopeTable, Weights, read_spec};
use crate::settings::{Precision, TrainSettings};
use crate::state::{Adapter, TrainState};
use crate::trained::Trained;

/// LoRA training on the processor.
pub struct CpuEngine {
    pub(super) spec: ModelSpec,
    pub(super) settings: TrainSettings,
    pub(super) frozen: Frozen,
    pub(super) tables: Vec<RopeTable>,
    pub(super) arena: Arena,
    pub(super) pool: rayon::ThreadPool,
    pub(super) trained: Trained,
}

impl fmt::Debug for CpuEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CpuEngine")
            .field("spec", &self.spec)
            .field("step", &self.trained.step)
            .finish_non_exhaustive()
    }
}

impl CpuEngine {
    pub(crate) fn new(
        spec: ModelSpec,
        weights: &dyn Weights,
        settings: &TrainSettings,
    ) -> Result<Self, BackendError> {
        if spec.head_dim > HEAD_DIM_MAX {
            return Err(BackendError::Unavailable(format!(
                "a head of {} dimensions",
                spec.head_dim
            )));
        }
        let settings = &TrainSettings {
            threads: settings.threads.max(1),
            ..settings.clone()
        };
        let layout = Layout::new(&spec, &settings.lora)?;
        let loader = Loader {
            spec: &spec,
            weights,
            precision: settings.precision,
            quantise: settings.quantise,
            layout: &layout,
        };
        let frozen = loader.load()?;
        let tables = spec
            .ropes
            .iter()
            .map(|r| r.table(settings.micro_batch_tokens_max))
            .collect();
        let arena = Arena::new(&spec, settings, ranks(&spec, &layout));
        Ok(Self {
            frozen,
            tables,
            arena,
            pool: pool(settings.threads)?,
            trained: Trained::new(layout, settings.seed),
            settings: settings.clone(),
            spec,
        })
    }

    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// How many values are trained.
    pub fn adapter_len(&self) -> usize {
        self.trained.layout.len
    }

    /// Starts measuring where time goes, from zero.
    pub fn measure(&mut self, clock: fn() -> u64) {
        self.arena.tools.meter = Meter::new(clock);
    }

    /// Nanoseconds by part since `measure`.
    pub fn spent(&self) -> Vec<(&'static str, u64)> {
        self.arena.tools.meter.spent()
    }

    /// Bytes of all activations and scratch.
    pub fn arena_bytes(&self) -> usize {
        self.arena.bytes()
    }

    #[cfg(test)]
    pub(crate) fn predicted_arena_bytes(&self) -> u64 {
        let ranks = ranks(&self.spec, &self.trained.layout);
        super::memory::bytes(&self.spec, &self.settings, ranks) as u64
    }

    /// Runs with a lesser instruction set, to prove that results do not depend on it.
    #[cfg(test)]
    pub(crate) fn use_instructions(&mut self, isa: crate::kernel::Isa) {
        self.arena.tools.isa = isa;
    }

    /// Multiplies bf16 weights in pairs whether or not there is an instruction for it.
    #[cfg(test)]
    pub(crate) fn use_pairs(&mut self, pairs: bool) {
        self.arena.tools.pairs = pairs;
    }
}

fn pool(threads: usize) -> Result<rayon::ThreadPool, BackendError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|e| BackendError::Unavailable(format!("a pool of {threads} threads: {e}")))
}

/// The largest sum of ranks of each group over all layers.
pub(super) fn ranks(spec: &ModelSpec, layout: &Layout) -> Ranks {
    let mut ranks = [0; 4];
    for layer in 0..spec.layers {
        for (most, group) in ranks.iter_mut().zip(groups(spec)) {
            let slots = group.iter().filter_map(|p| layout.find(layer, *p));
            *most = slots
                .map(|i| layout.slots[i].rank)
                .sum::<usize>()
                .max(*most);
        }
    }
    ranks
}

impl Backend for CpuEngine {
    fn load_frozen(model: &Path, settings: &TrainSettings) -> Result<Self, BackendError> {
        let spec = read_spec(model)?;
        let source = ModelSource::open(model, &spec)?;
        Self::new(spec, &source, settings)
    }

    fn forward_backward(&mut self, batch: &Batch, place: Place) -> Result<LossSum, BackendError> {
        self.with_forward(batch, Some(place), |frozen, pass, arena, gradients| {
            let started = arena.tools.meter.start();
            let loss = frozen.loss_backward(pass, arena);
            arena.tools.meter.stop(Phase::Head, started);
            backward(frozen, pass, arena, gradients);
            loss
        })
    }

    fn optimizer_step(
        &mut self,
        learning_rate: f32,
        labels: u64,
    ) -> Result<StepReport, BackendError> {
        if labels == 0 {
            return Err(BackendError::NoLabels);
        }
        let isa = self.arena.tools.isa;
        let sum = self
            .pool
            .install(|| update::norm(isa, &self.trained.gradients));
        let scale = update::gradient_scale(&self.settings, sum, labels);
        self.trained.step += 1;
        let step = update::adam_step(
            &self.settings.adamw,
            learning_rate,
            self.trained.step,
            scale,
        );
        let (g, m, v, w) = (
            &mut self.trained.gradients,
            &mut self.trained.m,
            &mut self.trained.v,
            &mut self.trained.weights,
        );
        self.pool.install(|| update::apply(isa, step, g, [m, v, w]));
        g.fill(0.0);
        Ok(StepReport {
            grad_norm: (sum / labels as f64) as f32,
        })
    }

    fn export(&self) -> Result<Adapter, BackendError> {
        Ok(self.trained.export())
    }

    fn state(&self) -> Result<TrainState, BackendError> {
        Ok(self.trained.state())
    }

    fn restore(&mut self, state: &TrainState) -> Result<(), BackendError> {
        self.trained.restore(state)
    }

    fn evaluate(&mut self, batch: &Batch) -> Result<LossSum, BackendError> {
        self.with_forward(batch, None, |frozen, pass, arena, _| {
            frozen.judge(pass, arena)
        })
    }

    fn logits(&mut self, batch: &Batch) -> Result<Vec<f32>, BackendError> {
        self.with_forward(batch, None, |frozen, pass, arena, _| {
            frozen.all_logits(pass, arena)
        })
    }

    fn gradients(&self) -> Result<Adapter, BackendError> {
        Ok(self.trained.named_gradients())
    }

    fn numeric_class(&self) -> NumericClass {
        // Quantised weights are decoded to f32; the class tells what is done with the rest.
        let held = if self.frozen.is_quantised() {
            "quantised-"
        } else {
            ""
        };
        let class = match self.settings.precision {
            Precision::F32 => "f32-chain-1",
            Precision::Bf16 if self.arena.tools.pairs => "bf16-pairs-1",
            Precision::Bf16 => "bf16-weights-f32-chain-1",
        };
        NumericClass(format!("{held}{class}"))
    }

    fn vocabulary(&self) -> usize {
        self.spec.vocabulary
    }
}
