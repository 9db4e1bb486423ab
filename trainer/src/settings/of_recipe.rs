//! A recipe in the engine's words.

use super::{
    AdamW, LoraSettings, Precision, Projection, Quantise, Schedule, ScheduleKind, TrainSettings,
};
use recipe::{AdapterKind, Recipe, Scheduler};

/// What the machine decides and the recipe does not.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    pub precision: Precision,
    pub threads: usize,
    pub micro_batch_tokens_max: usize,
}

impl TrainSettings {
    pub fn of(recipe: &Recipe, machine: Machine) -> Self {
        Self {
            seed: recipe.seed,
            lora: LoraSettings::of(recipe),
            adamw: AdamW::of(recipe),
            max_grad_norm: (recipe.max_grad_norm > 0.0).then_some(recipe.max_grad_norm as f32),
            neftune_alpha: recipe.neftune_noise_alpha.map(|alpha| alpha as f32),
            precision: machine.precision,
            quantise: (recipe.adapter == AdapterKind::Qlora).then_some(Quantise::Nf4),
            threads: machine.threads,
            micro_batch_tokens_max: machine.micro_batch_tokens_max,
        }
    }
}

impl LoraSettings {
    pub fn of(recipe: &Recipe) -> Self {
        let targets = recipe.lora_target_modules.iter();
        let alphas = recipe.lora_alpha_pattern.iter();
        Self {
            rank: recipe.lora_r,
            alpha: recipe.lora_alpha as f32,
            dropout: recipe.lora_dropout as f32,
            rslora: recipe.peft_use_rslora,
            targets: targets
                .filter_map(|name| Projection::from_name(name))
                .collect(),
            rank_pattern: recipe.lora_rank_pattern.clone(),
            alpha_pattern: alphas
                .map(|(key, alpha)| (key.clone(), *alpha as f32))
                .collect(),
        }
    }
}

impl AdamW {
    pub fn of(recipe: &Recipe) -> Self {
        Self {
            learning_rate: recipe.learning_rate as f32,
            beta1: recipe.adam_beta1 as f32,
            beta2: recipe.adam_beta2 as f32,
            epsilon: recipe.adam_epsilon as f32,
            weight_decay: recipe.weight_decay as f32,
        }
    }
}

impl Schedule {
    /// The learning rate's course over a run of `total_steps`.
    pub fn of(recipe: &Recipe, total_steps: u64) -> Self {
        let by_ratio = (total_steps as f64 * recipe.warmup_ratio).ceil() as u64;
        Self {
            kind: match recipe.lr_scheduler {
                Scheduler::Cosine => ScheduleKind::Cosine,
                Scheduler::Linear => ScheduleKind::Linear,
                Scheduler::Constant => ScheduleKind::Constant,
            },
            warmup_steps: recipe.warmup_steps.unwrap_or(by_ratio),
            total_steps,
            floor: match recipe.lr_scheduler {
                Scheduler::Cosine => recipe.cosine_min_lr_ratio,
                Scheduler::Linear | Scheduler::Constant => 0.0,
            },
        }
    }
}
