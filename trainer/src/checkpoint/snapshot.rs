//! What a checkpoint holds.

use super::{Chain, CheckpointError, StepRecord};
use crate::backend::{LossSum, NumericClass};
use crate::digest::Hasher;
use crate::state::TrainState;
use proto::{Digest, RecipeDigest};
use serde::{Deserialize, Serialize};

/// What a run is. Two runs with one identity have the same bits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    #[serde(with = "crate::digest::hex_text")]
    pub recipe: RecipeDigest,
    #[serde(with = "crate::digest::hex_text")]
    pub dataset: Digest,
    #[serde(with = "crate::digest::hex_text")]
    pub model: Digest,
    #[serde(with = "crate::digest::hex_text")]
    pub tokenizer: Digest,
    pub class: NumericClass,
    pub engine: String,
}

impl Identity {
    /// The first link's content. The class and the engine stay out of it: they do
    /// not decide what was asked for, and another class replays within a tolerance.
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::labelled("sealtune run v1");
        for part in [
            self.recipe.0,
            self.dataset.0,
            self.model.0,
            self.tokenizer.0,
        ] {
            hasher.part(&part);
        }
        hasher.finish()
    }

    /// Whether a run of `self` may go on from a checkpoint of `other`.
    pub fn check(&self, other: &Self) -> Result<(), CheckpointError> {
        let parts = [
            ("recipe", self.recipe == other.recipe),
            ("dataset", self.dataset == other.dataset),
            ("base model", self.model == other.model),
            ("tokenizer", self.tokenizer == other.tokenizer),
            ("numeric class", self.class == other.class),
            ("engine", self.engine == other.engine),
        ];
        match parts.into_iter().find(|(_, same)| !same) {
            Some((part, _)) => Err(CheckpointError::OtherRun(part)),
            None => Ok(()),
        }
    }
}

/// A loss over a whole dataset, to the bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossBits {
    /// The sum of losses, as the bits of an f64.
    pub loss_bits: u64,
    pub labels: u64,
    pub correct: u64,
}

impl From<LossSum> for LossBits {
    fn from(sum: LossSum) -> Self {
        Self {
            loss_bits: sum.loss.to_bits(),
            labels: sum.labels,
            correct: sum.correct,
        }
    }
}

impl LossBits {
    pub fn sum(self) -> f64 {
        f64::from_bits(self.loss_bits)
    }

    pub fn mean(self) -> f64 {
        self.sum() / self.labels.max(1) as f64
    }
}

/// How far a run is, beyond what the backend knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps taken.
    pub step: u64,
    pub tokens: u64,
    pub chain: Chain,
    /// The held-out loss before the first step.
    pub eval_before: Option<LossBits>,
    /// The newest held-out loss.
    pub eval_last: Option<LossBits>,
    pub eval_last_step: Option<u64>,
    /// The least mean held-out loss so far, as the bits of an f64.
    pub best_eval_bits: Option<u64>,
    /// Evaluations since it was reached.
    pub stale_evals: u32,
    /// Steps in a row above the watchdog's threshold.
    pub watchdog_strikes: u32,
    /// Seconds of training before this process; for the report alone.
    pub trained_secs: f64,
}

impl Progress {
    pub fn begin(run: Digest) -> Self {
        Self {
            step: 0,
            tokens: 0,
            chain: Chain::begin(run),
            eval_before: None,
            eval_last: None,
            eval_last_step: None,
            best_eval_bits: None,
            stale_evals: 0,
            watchdog_strikes: 0,
            trained_secs: 0.0,
        }
    }
}

/// All that a run needs to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    pub identity: Identity,
    pub progress: Progress,
    pub records: Vec<StepRecord>,
    pub state: TrainState,
}
