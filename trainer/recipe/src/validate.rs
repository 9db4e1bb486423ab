//! The ranges of a recipe's numbers.

use super::{Projection, Recipe, RecipeError};

/// The largest whole number that every JSON reader keeps exactly.
const EXACT_MAX: u64 = (1 << 53) - 1;

impl Recipe {
    pub(super) fn validate(&self) -> Result<(), RecipeError> {
        self.validate_adapter()?;
        self.validate_data()?;
        self.validate_optimizer()?;
        self.validate_course()
    }

    fn validate_adapter(&self) -> Result<(), RecipeError> {
        need(
            self.recipe_version == 1,
            "recipe_version",
            "only version 1 is known here",
        )?;
        rank(self.lora_r, "lora_r")?;
        above_zero(self.lora_alpha, "lora_alpha")?;
        within(self.lora_dropout, 0.0, 0.95, "lora_dropout")?;
        for name in &self.lora_target_modules {
            let known = Projection::from_name(name).is_some();
            need(
                known,
                "lora_target_modules",
                "it names linear layers such as q_proj or down_proj, or is \"all-linear\"",
            )?;
        }
        for value in self.lora_rank_pattern.values() {
            rank(*value, "lora_rank_pattern")?;
        }
        for value in self.lora_alpha_pattern.values() {
            above_zero(*value, "lora_alpha_pattern")?;
        }
        Ok(())
    }

    fn validate_data(&self) -> Result<(), RecipeError> {
        need(
            (8..=1 << 20).contains(&self.sequence_len),
            "sequence_len",
            "it is from 8 to 1048576",
        )?;
        let whole = self.val_set_size.fract() == 0.0;
        let sound = (0.0..1.0).contains(&self.val_set_size) || (whole && self.val_set_size <= 1e9);
        need(
            sound && self.val_set_size >= 0.0,
            "val_set_size",
            "it is a share below 1, or a whole number of examples",
        )?;
        need(
            (1..=4096).contains(&self.micro_batch_size),
            "micro_batch_size",
            "it is from 1 to 4096",
        )?;
        need(
            (1..=65_536).contains(&self.gradient_accumulation_steps),
            "gradient_accumulation_steps",
            "it is from 1 to 65536",
        )
    }

    fn validate_optimizer(&self) -> Result<(), RecipeError> {
        above_zero(self.learning_rate, "learning_rate")?;
        within(self.learning_rate, 0.0, 1.0, "learning_rate")?;
        within(self.cosine_min_lr_ratio, 0.0, 1.0, "cosine_min_lr_ratio")?;
        within(self.warmup_ratio, 0.0, 1.0, "warmup_ratio")?;
        need(
            (0.0..1.0).contains(&self.adam_beta1),
            "adam_beta1",
            "it is from 0 to below 1",
        )?;
        need(
            (0.0..1.0).contains(&self.adam_beta2),
            "adam_beta2",
            "it is from 0 to below 1",
        )?;
        above_zero(self.adam_epsilon, "adam_epsilon")?;
        within(self.weight_decay, 0.0, 10.0, "weight_decay")?;
        within(self.max_grad_norm, 0.0, 1e9, "max_grad_norm")?;
        within(
            self.neftune_noise_alpha.unwrap_or(0.0),
            0.0,
            1000.0,
            "neftune_noise_alpha",
        )
    }

    fn validate_course(&self) -> Result<(), RecipeError> {
        above_zero(self.num_epochs, "num_epochs")?;
        within(self.num_epochs, 0.0, 10_000.0, "num_epochs")?;
        need(
            self.seed <= EXACT_MAX,
            "seed",
            "it is at most 2^53 - 1, so that every reader keeps it exactly",
        )?;
        counted(self.max_steps, "max_steps")?;
        counted(self.wall_secs_max, "wall_secs_max")?;
        counted(self.eval_steps, "eval_steps")?;
        counted(self.evals_per_epoch, "evals_per_epoch")?;
        counted(self.save_steps, "save_steps")?;
        counted(self.saves_per_epoch, "saves_per_epoch")?;
        counted(Some(self.logging_steps), "logging_steps")?;
        need(
            self.save_total_limit >= 1,
            "save_total_limit",
            "the last good checkpoint is always kept",
        )?;
        one_of(
            self.eval_steps,
            self.evals_per_epoch,
            "evals_per_epoch",
            "`eval_steps` says it already",
        )?;
        one_of(
            self.save_steps,
            self.saves_per_epoch,
            "saves_per_epoch",
            "`save_steps` says it already",
        )?;
        within(
            self.early_stopping_threshold,
            0.0,
            1e9,
            "early_stopping_threshold",
        )?;
        let held_out = self.val_set_size > 0.0 || self.early_stopping_patience.is_none();
        need(
            held_out,
            "early_stopping_patience",
            "it needs `val_set_size`",
        )
    }
}

fn need(holds: bool, key: &str, what: &str) -> Result<(), RecipeError> {
    if holds {
        Ok(())
    } else {
        Err(RecipeError::value(key, what))
    }
}

fn rank(rank: usize, key: &str) -> Result<(), RecipeError> {
    need((1..=256).contains(&rank), key, "a rank is from 1 to 256")
}

fn above_zero(value: f64, key: &str) -> Result<(), RecipeError> {
    need(value.is_finite() && value > 0.0, key, "it is above 0")
}

fn within(value: f64, from: f64, to: f64, key: &str) -> Result<(), RecipeError> {
    need(
        (from..=to).contains(&value),
        key,
        &format!("it is from {from} to {to}"),
    )
}

fn counted(value: Option<u64>, key: &str) -> Result<(), RecipeError> {
    let sound = value.is_none_or(|count| (1..=EXACT_MAX).contains(&count));
    need(sound, key, "it is a whole number from 1 on")
}

fn one_of(a: Option<u64>, b: Option<u64>, key: &str, what: &str) -> Result<(), RecipeError> {
    need(a.is_none() || b.is_none(), key, what)
}
