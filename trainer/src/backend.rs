//! The port behind which the arithmetic happens.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::batch::Batch;
use crate::settings::TrainSettings;
use crate::state::{Adapter, TrainState};

/// Where a micro-batch stands in the run. Dropout and noise are functions of it, so nothing random is ever saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Optimizer step, from 0.
    pub step: u64,
    /// Micro-batch within the step, from 0.
    pub micro: u32,
}

/// Sums over the counted positions of one batch; means are the caller's, who knows the whole step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossSum {
    /// Sum of cross entropies in nats.
    pub loss: f64,
    pub labels: u64,
    /// Positions whose most probable token was the target. Only `evaluate` counts them.
    pub correct: u64,
}

/// What one optimizer step was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepReport {
    /// L2 norm of the mean gradient before clipping.
    pub grad_norm: f32,
}

/// Runs of one class give the same bits; between classes only tolerances hold. Goes into the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumericClass(pub String);

impl fmt::Display for NumericClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A model with an adapter that can be trained.
///
/// Guarantees every implementation gives: results depend on the model's bytes, the settings, the state and the
/// batches alone — not on threads, time or earlier evaluations; an error leaves the state as it was before the call
/// or the backend unusable until `restore`.
pub trait Backend: Send {
    /// Reads the frozen weights of `model` (a folder as transformers writes it) and makes a fresh adapter by
    /// `settings.lora` and `settings.seed`.
    fn load_frozen(model: &Path, settings: &TrainSettings) -> Result<Self, BackendError>
    where
        Self: Sized;

    /// Adds the gradients of the **sum** of losses over `batch` to those already gathered for this step.
    fn forward_backward(&mut self, batch: &Batch, place: Place) -> Result<LossSum, BackendError>;

    /// Divides the gathered gradients by `labels`, clips, applies AdamW with `learning_rate`, and forgets them.
    fn optimizer_step(
        &mut self,
        learning_rate: f32,
        labels: u64,
    ) -> Result<StepReport, BackendError>;

    /// The adapter as it stands.
    fn export(&self) -> Result<Adapter, BackendError>;

    /// All that must be kept to go on later. Only meaningful between optimizer steps.
    fn state(&self) -> Result<TrainState, BackendError>;

    /// Takes a state of the same shapes; everything gathered is forgotten. Absent moments are zeros.
    fn restore(&mut self, state: &TrainState) -> Result<(), BackendError>;

    /// Losses and hits without dropout, noise or gradients.
    fn evaluate(&mut self, batch: &Batch) -> Result<LossSum, BackendError>;

    /// Logits of every position, row-major `[batch.len(), vocabulary]`.
    fn logits(&mut self, batch: &Batch) -> Result<Vec<f32>, BackendError>;

    /// The gradients gathered so far, undivided, under the adapter's names.
    fn gradients(&self) -> Result<Adapter, BackendError>;

    fn numeric_class(&self) -> NumericClass;

    /// Size of the vocabulary; token ids in batches must be below it.
    fn vocabulary(&self) -> usize;
}

/// Why the arithmetic could not be done.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error("cannot use the model: {0}")]
    Model(#[from] crate::model::ModelError),
    #[error("token {token} at position {position} is outside the vocabulary of {vocabulary}")]
    Token {
        token: u32,
        position: usize,
        vocabulary: usize,
    },
    #[error(
        "a batch of {tokens} tokens with documents of up to {longest} exceeds the {tokens_max} tokens planned for"
    )]
    BatchTooLarge {
        tokens: usize,
        longest: usize,
        tokens_max: usize,
    },
    #[error("the state does not fit this adapter: {0}")]
    State(String),
    #[error("a step without labels cannot be taken")]
    NoLabels,
    #[error("{0} is not available here")]
    Unavailable(String),
    #[error("cannot evaluate the reference graph")]
    Candle(#[from] candle_core::Error),
}
