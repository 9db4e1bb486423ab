//! What a run will need, known before anything is allocated.

use std::path::Path;

use super::arena::{Ranks, logit_rows};
use super::attention::worker_floats;
use super::engine::ranks;
use super::tools::{Sizes, panel_floats};
use crate::backend::BackendError;
use crate::lora::Layout;
use crate::model::{ModelSource, ModelSpec, read_spec};
use crate::settings::{Precision, TrainSettings};

/// Bytes by purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    pub weights: u64,
    /// Adapters, gradients and both moments.
    pub adapters: u64,
    pub activations: u64,
}

impl MemoryPlan {
    /// The plan for training the model in a folder.
    pub fn of(model: &Path, settings: &TrainSettings) -> Result<Self, BackendError> {
        let spec = read_spec(model)?;
        let source = ModelSource::open(model, &spec)?;
        let layout = Layout::new(&spec, &settings.lora)?;
        let weights = weight_bytes(&spec, settings, &source);
        let activations = bytes(&spec, settings, ranks(&spec, &layout)) as u64;
        Ok(Self {
            weights,
            adapters: 16 * layout.len as u64,
            activations,
        })
    }

    pub fn total(&self) -> u64 {
        self.weights + self.adapters + self.activations
    }
}

/// What the weights take once they are held as the settings say.
fn weight_bytes(spec: &ModelSpec, settings: &TrainSettings, source: &ModelSource) -> u64 {
    let in_files = source.held_bytes();
    if source.is_quantised() {
        return in_files;
    }
    let all = spec.parameters();
    let quantised = settings.quantise.map_or(0, |_| spec.block_parameters());
    let whole = all - quantised;
    let of_whole = in_files - in_files / all.max(1) * quantised;
    let held = match settings.precision {
        Precision::F32 => of_whole,
        Precision::Bf16 => of_whole.min(2 * whole),
    };
    // Four bits, and an f32 for every 64 values.
    held + quantised / 16 * 9
}

/// Bytes of the arena; a test holds it against the arena itself.
pub(super) fn bytes(spec: &ModelSpec, settings: &TrainSettings, ranks: Ranks) -> usize {
    let n = settings.micro_batch_tokens_max;
    let rank = ranks.into_iter().max().unwrap_or(0);
    let sizes = sizes(spec, settings, rank);
    let tools = sizes.panels + sizes.thin + sizes.dropped + settings.threads * sizes.worker;
    let rows = n * (spec.layers * saved(spec, ranks) + spec.hidden + 1);
    2 * sizes.words + 4 * (rows + scratch(spec, n, rank) + tools)
}

/// Scratch of the tools.
pub(super) fn sizes(spec: &ModelSpec, settings: &TrainSettings, rank: usize) -> Sizes {
    let (n, widest) = (settings.micro_batch_tokens_max, widest(spec));
    let panels = panel_floats(widest + rank);
    // The head's gradient goes in pieces as deep as its panels allow.
    let deepest = widest
        .max(spec.qkv_len())
        .max(2 * spec.intermediate)
        .max(panels / spec.hidden)
        .max(512);
    Sizes {
        words: if settings.precision == Precision::Bf16 {
            n.max(12) * deepest
        } else {
            0
        },
        panels,
        thin: widest.div_ceil(32) * 32 * rank,
        dropped: if settings.lora.dropout > 0.0 {
            n * widest
        } else {
            0
        },
        worker: worker_floats(spec, n),
    }
}

/// The longest side of any linear layer of a block.
fn widest(spec: &ModelSpec) -> usize {
    let sides = spec
        .projections()
        .iter()
        .map(|p| spec.shape_of(*p))
        .map(|(i, o)| i.max(o));
    sides.max().unwrap_or(0)
}

fn saved(spec: &ModelSpec, ranks: Ranks) -> usize {
    let heads = 2 * spec.q_len() + 2 * spec.kv_len() + spec.heads;
    let raw = if spec.qk_norm { spec.qkv_len() } else { 0 };
    let post = if spec.post_norms {
        2 * spec.hidden + 2
    } else {
        0
    };
    2 * spec.hidden
        + 2
        + heads
        + raw
        + post
        + 2 * spec.intermediate
        + ranks.into_iter().sum::<usize>()
}

fn scratch(spec: &ModelSpec, n: usize, rank: usize) -> usize {
    let row = 3 * spec.hidden
        + spec.qkv_len()
        + 2 * spec.q_len()
        + 2 * spec.kv_len()
        + 2 * spec.intermediate
        + rank
        + 1;
    n * row + logit_rows(spec.vocabulary, n) * (spec.vocabulary + 2 * spec.hidden)
}
