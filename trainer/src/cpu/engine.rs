//! The backend itself: frozen weights, adapters, moments and the arena.

use std::fmt;
use std::path::Path;

use super::arena::{Arena, Ranks};
use super::block::Pass;
use super::dropout::Dropout;
use super::embed::Neftune;
use super::load::{Frozen, Loader};
use super::meter::{Meter, Phase};
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
    spec: ModelSpec,
    settings: TrainSettings,
    frozen: Frozen,
    tables: Vec<RopeTable>,
    arena: Arena,
    pool: rayon::ThreadPool,
    trained: Trained,
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

    fn check(&self, batch: &Batch) -> Result<(), BackendError> {
        if batch.is_empty() {
            return Err(BackendError::NoLabels);
        }
        let vocabulary = self.spec.vocabulary;
        let wrong = |t: &u32| *t as usize >= vocabulary;
        let targets = batch
            .targets()
            .iter()
            .map(|t| if *t == Batch::IGNORED { 0 } else { *t });
        let found = batch
            .tokens()
            .iter()
            .position(wrong)
            .or(targets.clone().position(|t| wrong(&t)));
        if let Some(position) = found {
            return Err(BackendError::Token {
                token: batch.tokens()[position],
                position,
                vocabulary,
            });
        }
        if batch.len() > self.arena.tokens_max {
            let (tokens, longest, tokens_max) =
                (batch.len(), batch.longest(), self.arena.tokens_max);
            return Err(BackendError::BatchTooLarge {
                tokens,
                longest,
                tokens_max,
            });
        }
        Ok(())
    }

    fn dropout(&self, place: Place) -> Option<Dropout> {
        let probability = self.settings.lora.dropout;
        (probability > 0.0).then_some(Dropout {
            probability,
            seed: self.settings.seed,
            place,
        })
    }

    fn neftune(&self, place: Place) -> Option<Neftune> {
        let seed = self.settings.seed;
        self.settings
            .neftune_alpha
            .map(|alpha| Neftune { alpha, seed, place })
    }

    /// Runs `work` on the pool after a forward pass.
    fn with_forward<T: Send>(
        &mut self,
        batch: &Batch,
        place: Option<Place>,
        work: impl FnOnce(&Frozen, &Pass<'_>, &mut Arena, &mut [f32]) -> T + Send,
    ) -> Result<T, BackendError> {
        self.check(batch)?;
        let dropout = place.and_then(|p| self.dropout(p));
        let noise = place.and_then(|p| self.neftune(p));
        let pass = Pass {
            spec: &self.spec,
            batch,
            tables: &self.tables,
            weights: &self.trained.weights,
            dropout: dropout.as_ref(),
        };
        let (frozen, arena, gradients) =
            (&self.frozen, &mut self.arena, &mut self.trained.gradients);
        Ok(self.pool.install(|| {
            forward(frozen, &pass, noise, arena);
            work(frozen, &pass, arena, gradients)
        }))
    }
}

fn forward(frozen: &Frozen, pass: &Pass<'_>, noise: Option<Neftune>, arena: &mut Arena) {
    let Arena {
        saved,
        last,
        scratch,
        tools,
        ..
    } = arena;
    if let Some(first) = saved.first_mut() {
        frozen.embed(pass.spec, pass.batch, noise, &mut first.x);
    }
    for (i, layer) in frozen.layers.iter().enumerate() {
        let (here, after) = saved.split_at_mut(i + 1);
        let next = after.first_mut().map_or(&mut *last, |s| &mut s.x);
        layer.forward(pass, tools, &mut here[i], scratch, next);
    }
}

fn backward(frozen: &Frozen, pass: &Pass<'_>, arena: &mut Arena, gradients: &mut [f32]) {
    for (i, layer) in frozen.layers.iter().enumerate().rev() {
        let Arena {
            saved,
            scratch,
            tools,
            ..
        } = arena;
        layer.backward(pass, tools, &mut saved[i], scratch, (gradients, i > 0));
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
