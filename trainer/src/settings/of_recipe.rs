//! A recipe in the engine's words.

use super::{AdapterKind, Recipe, Scheduler};
use crate::data::Holdout;
use crate::settings::{
    AdamW, LoraSettings, Precision, Projection, Quantise, Schedule, ScheduleKind, TrainSettings,
};

/// What the machine decides and the recipe does not.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    pub precision: Precision,
    pub threads: usize,
    pub micro_batch_tokens_max: usize,
}

impl Recipe {
    /// The settings of the backend.
    pub fn train_settings(&self, machine: Machine) -> TrainSettings {
        TrainSettings {
            seed: self.seed,
            lora: self.lora_settings(),
            adamw: self.adamw(),
            max_grad_norm: (self.max_grad_norm > 0.0).then_some(self.max_grad_norm as f32),
            neftune_alpha: self.neftune_noise_alpha.map(|alpha| alpha as f32),
            precision: machine.precision,
            quantise: (self.adapter == AdapterKind::Qlora).then_some(Quantise::Nf4),
            threads: machine.threads,
            micro_batch_tokens_max: machine.micro_batch_tokens_max,
        }
    }

    pub fn lora_settings(&self) -> LoraSettings {
        let targets = self.lora_target_modules.iter();
        let alphas = self.lora_alpha_pattern.iter();
        LoraSettings {
            rank: self.lora_r,
            alpha: self.lora_alpha as f32,
            dropout: self.lora_dropout as f32,
            rslora: self.peft_use_rslora,
            targets: targets
                .filter_map(|name| Projection::from_name(name))
                .collect(),
            rank_pattern: self.lora_rank_pattern.clone(),
            alpha_pattern: alphas
                .map(|(key, alpha)| (key.clone(), *alpha as f32))
                .collect(),
        }
    }

    fn adamw(&self) -> AdamW {
        AdamW {
            learning_rate: self.learning_rate as f32,
            beta1: self.adam_beta1 as f32,
            beta2: self.adam_beta2 as f32,
            epsilon: self.adam_epsilon as f32,
            weight_decay: self.weight_decay as f32,
        }
    }

    /// The learning rate's course over a run of `total_steps`.
    pub fn schedule(&self, total_steps: u64) -> Schedule {
        let by_ratio = (total_steps as f64 * self.warmup_ratio).ceil() as u64;
        Schedule {
            kind: match self.lr_scheduler {
                Scheduler::Cosine => ScheduleKind::Cosine,
                Scheduler::Linear => ScheduleKind::Linear,
                Scheduler::Constant => ScheduleKind::Constant,
            },
            warmup_steps: self.warmup_steps.unwrap_or(by_ratio),
            total_steps,
            floor: match self.lr_scheduler {
                Scheduler::Cosine => self.cosine_min_lr_ratio,
                Scheduler::Linear | Scheduler::Constant => 0.0,
            },
        }
    }

    /// Steps of the whole run, given those of an epoch.
    pub fn total_steps(&self, steps_per_epoch: u64) -> u64 {
        let by_epochs = (steps_per_epoch as f64 * self.num_epochs).ceil() as u64;
        self.max_steps.unwrap_or(by_epochs)
    }

    pub fn eval_every(&self, steps_per_epoch: u64) -> Option<u64> {
        every(self.eval_steps, self.evals_per_epoch, steps_per_epoch)
    }

    pub fn save_every(&self, steps_per_epoch: u64) -> Option<u64> {
        every(self.save_steps, self.saves_per_epoch, steps_per_epoch)
    }

    pub fn holdout(&self) -> Holdout {
        if self.val_set_size >= 1.0 {
            Holdout::Count(self.val_set_size as usize)
        } else if self.val_set_size > 0.0 {
            Holdout::Share(self.val_set_size)
        } else {
            Holdout::None
        }
    }
}

fn every(steps: Option<u64>, per_epoch: Option<u64>, steps_per_epoch: u64) -> Option<u64> {
    steps.or_else(|| per_epoch.map(|times| (steps_per_epoch / times).max(1)))
}
