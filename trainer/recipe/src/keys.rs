//! The keys of a recipe, and what to say about others.

use super::RecipeError;
use serde_json::{Map, Value};

/// Keys that are read into others, or left out of the canonical form when absent.
const OPTIONAL: &[&str] = &[
    "base_model",
    "chat_template_jinja",
    "early_stopping_patience",
    "eval_steps",
    "evals_per_epoch",
    "load_in_4bit",
    "lora_target_linear",
    "loss_watchdog_threshold",
    "max_steps",
    "neftune_noise_alpha",
    "save_steps",
    "saves_per_epoch",
    "wall_secs_max",
    "warmup_steps",
];

/// What other trainers call our keys.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("adam_eps", "adam_epsilon"),
    ("alpha", "lora_alpha"),
    ("alpha_pattern", "lora_alpha_pattern"),
    ("batch_size", "micro_batch_size"),
    ("cutoff_len", "sequence_len"),
    ("early_stop", "early_stopping_patience"),
    ("epochs", "num_epochs"),
    ("finetuning_type", "adapter"),
    ("lora_rank", "lora_r"),
    ("lora_target", "lora_target_modules"),
    ("lora_trainable_modules", "lora_target_modules"),
    ("lr", "learning_rate"),
    ("lr_scheduler_type", "lr_scheduler"),
    ("max_seq_len", "sequence_len"),
    ("max_seq_length", "sequence_len"),
    ("max_steps_per_epoch", "max_steps"),
    ("method", "adapter"),
    ("model", "base_model"),
    ("model_name_or_path", "base_model"),
    ("n_checkpoints", "saves_per_epoch"),
    ("n_epochs", "num_epochs"),
    ("n_evals", "evals_per_epoch"),
    ("neftune_alpha", "neftune_noise_alpha"),
    ("num_train_epochs", "num_epochs"),
    ("optim", "optimizer"),
    ("packing", "sample_packing"),
    ("per_device_train_batch_size", "micro_batch_size"),
    ("r", "lora_r"),
    ("rank_pattern", "lora_rank_pattern"),
    ("target_modules", "lora_target_modules"),
    ("training_type", "adapter"),
    ("use_rslora", "peft_use_rslora"),
    ("val_size", "val_set_size"),
];

/// Keys of other trainers that say something a recipe must not say.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "chat_template",
        "the model's own template is used; give another one as `chat_template_jinja`",
    ),
    ("datasets", "the order names its dataset"),
    ("deepspeed", "one machine trains one adapter"),
    ("flash_attention", "attention is always fused"),
    ("fp16", "use `bf16: false` or `bf16: true`"),
    (
        "gradient_checkpointing",
        "memory is planned by the engine and does not change the result",
    ),
    (
        "load_in_8bit",
        "weights are held in 32 bits, in bf16, or in NF4 with `adapter: qlora`",
    ),
    ("output_dir", "the caller names the folder"),
    (
        "resume_from_checkpoint",
        "resuming is asked for on the command line and does not change the result",
    ),
    ("tf32", "use `bf16: false` or `bf16: true`"),
];

/// Refuses the first key that a recipe does not have.
pub(super) fn check(map: &Map<String, Value>) -> Result<(), RecipeError> {
    let known = known();
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(complaint(key)),
        None => Ok(()),
    }
}

fn complaint(key: &str) -> RecipeError {
    let shown: String = key.chars().take(64).collect();
    if let Some((_, instead)) = ELSEWHERE.iter().find(|(name, _)| *name == key) {
        return RecipeError::Elsewhere {
            key: shown,
            instead,
        };
    }
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == key);
    let nearest = other.map(|(_, ours)| *ours).or_else(|| nearest(&shown));
    RecipeError::UnknownKey {
        key: shown,
        nearest,
    }
}

/// The closest known key, if it is close: at most a third of the letters differ.
fn nearest(key: &str) -> Option<&'static str> {
    let (distance, name) = static_keys()
        .map(|name| (distance(key, name), name))
        .min()?;
    (distance * 3 <= name.len()).then_some(name)
}

fn known() -> Vec<&'static str> {
    static_keys().collect()
}

fn static_keys() -> impl Iterator<Item = &'static str> {
    REQUIRED.iter().chain(OPTIONAL).copied()
}

/// Keys that stand in every canonical form; a test holds them against the struct.
const REQUIRED: &[&str] = &[
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "adapter",
    "bad_lines_max",
    "bf16",
    "cosine_min_lr_ratio",
    "early_stopping_threshold",
    "gradient_accumulation_steps",
    "learning_rate",
    "logging_steps",
    "lora_alpha",
    "lora_alpha_pattern",
    "lora_dropout",
    "lora_r",
    "lora_rank_pattern",
    "lora_target_modules",
    "loss_watchdog_patience",
    "lr_scheduler",
    "max_grad_norm",
    "micro_batch_size",
    "num_epochs",
    "optimizer",
    "peft_use_rslora",
    "recipe_version",
    "sample_packing",
    "save_total_limit",
    "seed",
    "sequence_len",
    "train_on_inputs",
    "val_set_size",
    "warmup_ratio",
    "weight_decay",
];

/// How many letters must change, go or come (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (j, right) in b.iter().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX);
            let cost = (diagonal + usize::from(left != *right))
                .min(before + 1)
                .min(above + 1);
            if let Some(cell) = row.get_mut(j) {
                *cell = before;
            }
            (diagonal, before) = (above, cost);
        }
        if let Some(cell) = row.last_mut() {
            *cell = before;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recipe;

    fn defaults() -> Map<String, Value> {
        match serde_json::to_value(Recipe::default()) {
            Ok(Value::Object(map)) => map,
            Ok(_) | Err(_) => panic!("a recipe is an object"),
        }
    }

    #[test]
    fn the_key_list_is_the_struct() {
        let mut keys: Vec<String> = defaults().keys().cloned().collect();
        keys.sort();

        assert_eq!(keys, REQUIRED);
    }

    #[test]
    fn distance_counts_changes() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }

    #[test]
    fn every_hint_names_a_key_we_have() {
        for (_, ours) in OTHER_NAMES {
            assert!(known().contains(ours), "{ours}");
        }
        for (theirs, _) in ELSEWHERE.iter().chain(OTHER_NAMES) {
            assert!(!known().contains(theirs), "{theirs}");
        }
    }
}
