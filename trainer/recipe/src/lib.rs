//! The recipe: what a customer asks of a training, under Axolotl's names.
//!
//! A recipe is parsed, filled with defaults and checked once; what comes out has a
//! canonical JSON form whose SHA-256 the customer signs. A key that is not known
//! is an error, because silence would train something else than was asked for.
//!
//! What a customer's side can say of a dataset without a model, the schema of its
//! lines, is here too ([`dataset`]): no tokenizer and no tensor is needed for it.

#![allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts are bounded where a recipe and a line are checked"
)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")
)]

mod canonical;
mod course;
pub mod dataset;
pub mod digest;
mod error;
mod keys;
mod parse;
mod projection;
mod validate;
mod words;

pub use canonical::canonical_json;
pub use course::Holdout;
pub use error::RecipeError;
pub use projection::Projection;
pub use words::{AdapterKind, Bf16, Optimizer, Scheduler};

use proto::RecipeDigest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A recipe with every default filled in. `None` means the feature is off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// Of this format; a change of meaning or of a default makes a new one.
    pub recipe_version: u32,
    /// A name for the card; the order names the model by its root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_model: Option<String>,

    pub adapter: AdapterKind,
    pub lora_r: usize,
    pub lora_alpha: f64,
    pub lora_dropout: f64,
    /// Names of linear layers; none means all of a block.
    pub lora_target_modules: Vec<String>,
    pub peft_use_rslora: bool,
    pub lora_rank_pattern: BTreeMap<String, usize>,
    pub lora_alpha_pattern: BTreeMap<String, f64>,

    pub sequence_len: usize,
    pub sample_packing: bool,
    pub train_on_inputs: bool,
    /// Replaces the model's own template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_template_jinja: Option<String>,
    /// Below 1 a share of the examples, from 1 on their number.
    pub val_set_size: f64,
    pub bad_lines_max: u64,

    pub micro_batch_size: usize,
    pub gradient_accumulation_steps: u32,
    pub num_epochs: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_steps: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_secs_max: Option<u64>,

    pub optimizer: Optimizer,
    pub learning_rate: f64,
    pub lr_scheduler: Scheduler,
    pub cosine_min_lr_ratio: f64,
    pub warmup_ratio: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup_steps: Option<u64>,
    pub adam_beta1: f64,
    pub adam_beta2: f64,
    pub adam_epsilon: f64,
    pub weight_decay: f64,
    /// Zero means no clipping.
    pub max_grad_norm: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neftune_noise_alpha: Option<f64>,
    pub seed: u64,
    pub bf16: Bf16,

    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_steps: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evals_per_epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub save_steps: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saves_per_epoch: Option<u64>,
    pub save_total_limit: usize,
    pub logging_steps: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping_patience: Option<u32>,
    pub early_stopping_threshold: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_watchdog_threshold: Option<f64>,
    pub loss_watchdog_patience: u32,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            recipe_version: 1,
            base_model: None,
            adapter: AdapterKind::Lora,
            lora_r: 16,
            lora_alpha: 32.0,
            lora_dropout: 0.0,
            lora_target_modules: Vec::new(),
            peft_use_rslora: false,
            lora_rank_pattern: BTreeMap::new(),
            lora_alpha_pattern: BTreeMap::new(),
            sequence_len: 2048,
            sample_packing: true,
            train_on_inputs: false,
            chat_template_jinja: None,
            val_set_size: 0.0,
            bad_lines_max: 0,
            micro_batch_size: 1,
            gradient_accumulation_steps: 4,
            num_epochs: 1.0,
            max_steps: None,
            wall_secs_max: None,
            optimizer: Optimizer::AdamW,
            learning_rate: 2e-4,
            lr_scheduler: Scheduler::Cosine,
            cosine_min_lr_ratio: 0.0,
            warmup_ratio: 0.03,
            warmup_steps: None,
            adam_beta1: 0.9,
            adam_beta2: 0.999,
            adam_epsilon: 1e-8,
            weight_decay: 0.0,
            max_grad_norm: 1.0,
            neftune_noise_alpha: None,
            seed: 42,
            bf16: Bf16::Auto,
            eval_steps: None,
            evals_per_epoch: None,
            save_steps: None,
            saves_per_epoch: None,
            save_total_limit: 2,
            logging_steps: 1,
            early_stopping_patience: None,
            early_stopping_threshold: 0.0,
            loss_watchdog_threshold: None,
            loss_watchdog_patience: 3,
        }
    }
}

impl Recipe {
    /// The recipe with all its defaults, in the one form that is hashed.
    pub fn canonical(&self) -> String {
        let value = serde_json::to_value(self).expect("a recipe has text keys and checked numbers");
        canonical_json(&value)
    }

    /// What an order signs.
    pub fn digest(&self) -> RecipeDigest {
        RecipeDigest(crate::digest::sha256(self.canonical().as_bytes()).0)
    }
}
