//! What a recipe resolves to: every number a run depends on.

mod lora;
mod of_recipe;
mod optimizer;

pub use lora::LoraSettings;
pub use of_recipe::Machine;
pub use optimizer::{AdamW, Schedule, ScheduleKind};
pub use recipe::Projection;

use serde::{Deserialize, Serialize};

/// In what form frozen weights are held and multiplied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    #[default]
    F32,
    Bf16,
}

/// How frozen weights are quantised while they are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantise {
    Nf4,
}

/// What a backend needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainSettings {
    /// Keys every random number of the run.
    pub seed: u64,
    pub lora: LoraSettings,
    pub adamw: AdamW,
    /// Clip the mean gradient's norm to this.
    pub max_grad_norm: Option<f32>,
    /// NEFTune's alpha: noise on the embeddings while training.
    pub neftune_alpha: Option<f32>,
    pub precision: Precision,
    pub quantise: Option<Quantise>,
    /// Worker threads; results do not depend on it.
    pub threads: usize,
    /// Most tokens of one micro-batch; the arena is sized by it.
    pub micro_batch_tokens_max: usize,
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            seed: 0,
            lora: LoraSettings::default(),
            adamw: AdamW::default(),
            max_grad_norm: None,
            neftune_alpha: None,
            precision: Precision::F32,
            quantise: None,
            threads: 2,
            micro_batch_tokens_max: 1024,
        }
    }
}
