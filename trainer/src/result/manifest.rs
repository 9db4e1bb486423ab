//! `training.json`: every digest and figure of a run.

use crate::checkpoint::{Chain, Identity, LossBits};
use crate::data::Report;
use proto::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Why a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All steps were taken.
    Completed,
    /// The evaluation loss stopped falling.
    EarlyStop,
    /// The recipe's wall time was used up.
    WallTime,
}

/// Mean figures over the examples that were held out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvalFigures {
    pub loss: f64,
    pub perplexity: f64,
    /// Share of counted tokens whose most probable token was right.
    pub token_accuracy: f64,
    pub targets: u64,
}

/// The course of the loss in a few numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepFigures {
    pub steps: u64,
    pub steps_per_epoch: u64,
    pub epochs: f64,
    pub tokens: u64,
    pub loss_first: f64,
    pub loss_last: f64,
    /// Over the last tenth of the steps.
    pub loss_tail_mean: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Manifest {
    pub format: &'static str,
    pub ending: Ending,
    /// What decides the bits of the result.
    pub run: Identity,
    #[serde(with = "crate::digest::hex_text")]
    pub run_digest: Digest,
    /// The last link of the chain over all steps; `steps.jsonl` has the steps.
    pub chain: Chain,
    /// The recipe with its defaults.
    pub recipe: Value,
    pub dataset: Report,
    pub figures: StepFigures,
    pub eval_before: Option<EvalFigures>,
    pub eval_after: Option<EvalFigures>,
    /// SHA-256 of each file beside this one.
    pub files: BTreeMap<String, String>,
    pub seconds: f64,
    pub tokens_per_second: f64,
    pub threads: usize,
    pub memory_predicted_bytes: u64,
    /// What the process held at most until this was written.
    pub memory_peak_bytes: Option<u64>,
}

impl EvalFigures {
    pub fn of(bits: LossBits) -> Self {
        let loss = bits.mean();
        Self {
            loss,
            perplexity: loss.exp(),
            token_accuracy: bits.correct as f64 / bits.labels.max(1) as f64,
            targets: bits.labels,
        }
    }
}
