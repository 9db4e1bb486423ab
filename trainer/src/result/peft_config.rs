//! `adapter_config.json`, with every field PEFT would otherwise guess.

use crate::settings::LoraSettings;
use crate::state::Adapter;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The fields PEFT reads. Names and meanings are PEFT's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the fields are PEFT's")]
pub struct PeftConfig {
    pub peft_type: String,
    pub task_type: String,
    pub base_model_name_or_path: String,
    pub revision: Option<String>,
    pub r: usize,
    pub lora_alpha: f32,
    pub lora_dropout: f32,
    pub target_modules: Vec<String>,
    pub bias: String,
    pub fan_in_fan_out: bool,
    pub inference_mode: bool,
    pub init_lora_weights: bool,
    pub modules_to_save: Option<Vec<String>>,
    pub use_rslora: bool,
    pub use_dora: bool,
    #[serde(default)]
    pub rank_pattern: BTreeMap<String, usize>,
    #[serde(default)]
    pub alpha_pattern: BTreeMap<String, f32>,
}

impl PeftConfig {
    /// The configuration of an adapter that was trained with `lora`.
    pub fn of(adapter: &Adapter, lora: &LoraSettings, base_model: &str) -> Self {
        let modules = adapter
            .tensors
            .iter()
            .filter_map(|tensor| split_name(&tensor.name));
        let targets: BTreeSet<&str> = modules
            .filter_map(|(module, _)| module.rsplit('.').next())
            .collect();
        Self {
            peft_type: "LORA".to_owned(),
            task_type: "CAUSAL_LM".to_owned(),
            base_model_name_or_path: base_model.to_owned(),
            revision: None,
            r: lora.rank,
            lora_alpha: lora.alpha,
            lora_dropout: lora.dropout,
            target_modules: targets.into_iter().map(str::to_owned).collect(),
            bias: "none".to_owned(),
            fan_in_fan_out: false,
            inference_mode: true,
            init_lora_weights: true,
            modules_to_save: None,
            use_rslora: lora.rslora,
            use_dora: false,
            rank_pattern: lora.rank_pattern.clone(),
            alpha_pattern: lora.alpha_pattern.clone(),
        }
    }

    /// What a loader needs of it to scale the adapter.
    pub fn lora_settings(&self) -> LoraSettings {
        LoraSettings {
            rank: self.r,
            alpha: self.lora_alpha,
            dropout: self.lora_dropout,
            rslora: self.use_rslora,
            targets: Vec::new(),
            rank_pattern: self.rank_pattern.clone(),
            alpha_pattern: self.alpha_pattern.clone(),
        }
    }
}

/// Which of the two matrices of an adapter a tensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    A,
    B,
}

/// `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight` is half A of
/// `model.layers.0.self_attn.q_proj`.
pub fn split_name(name: &str) -> Option<(&str, Half)> {
    let inner = name.strip_prefix("base_model.model.")?;
    let a = inner
        .strip_suffix(".lora_A.weight")
        .map(|module| (module, Half::A));
    a.or_else(|| {
        inner
            .strip_suffix(".lora_B.weight")
            .map(|module| (module, Half::B))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::NamedTensor;

    #[test]
    fn the_targets_are_those_the_adapter_has() {
        let tensor = |name: &str| NamedTensor {
            name: name.to_owned(),
            shape: vec![1],
            values: vec![0.0],
        };
        let adapter = Adapter {
            tensors: vec![
                tensor("base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight"),
                tensor("base_model.model.model.layers.1.mlp.down_proj.lora_B.weight"),
            ],
        };

        let config = PeftConfig::of(&adapter, &LoraSettings::default(), "base");

        assert_eq!(config.target_modules, ["down_proj", "v_proj"]);
    }

    #[test]
    fn a_name_is_a_module_and_a_half() {
        assert_eq!(
            split_name("base_model.model.x.lora_B.weight"),
            Some(("x", Half::B))
        );
        assert_eq!(split_name("x.lora_B.weight"), None);
        assert_eq!(split_name("base_model.model.x.weight"), None);
    }
}
