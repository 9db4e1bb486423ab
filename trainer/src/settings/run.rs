//! The loop around the backend: how long, how often, when to give up.

use serde::{Deserialize, Serialize};

use super::{Schedule, TrainSettings};

/// Stop when the evaluation loss has not improved by `delta` for `patience` evaluations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlyStop {
    pub patience: u32,
    pub delta: f64,
}

/// What `run` needs beyond the backend's settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    pub train: TrainSettings,
    pub schedule: Schedule,
    pub sequence_len: usize,
    pub micro_batch_size: usize,
    pub gradient_accumulation_steps: u32,
    pub epochs: f64,
    pub max_steps: Option<u64>,
    pub wall_secs_max: Option<u64>,
    pub packing: bool,
    /// Share of the examples held back for evaluation, 0 to 1.
    pub eval_fraction: f64,
    pub eval_every_steps: Option<u64>,
    pub checkpoint_every_steps: Option<u64>,
    pub early_stop: Option<EarlyStop>,
    /// Give up when the loss exceeds this many times its running mean.
    pub divergence_factor: Option<f64>,
}
