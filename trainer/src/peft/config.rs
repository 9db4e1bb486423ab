//! adapter_config.json.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::ModelError;
use crate::settings::{LoraSettings, Projection};

/// The keys of PEFT's LoraConfig that matter to a LoRA of linear layers.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the file it is read from"
)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdapterConfig {
    pub peft_type: String,
    pub task_type: Option<String>,
    pub base_model_name_or_path: Option<String>,
    #[serde(default)]
    pub revision: Option<String>,
    pub r: usize,
    pub lora_alpha: f32,
    #[serde(default)]
    pub lora_dropout: f32,
    #[serde(default = "none")]
    pub bias: String,
    pub target_modules: Vec<String>,
    #[serde(default)]
    pub fan_in_fan_out: bool,
    #[serde(default)]
    pub inference_mode: bool,
    /// For PEFT the default way of beginning; of no meaning once trained.
    #[serde(default = "yes")]
    pub init_lora_weights: Value,
    #[serde(default)]
    pub use_rslora: bool,
    #[serde(default)]
    pub use_dora: bool,
    #[serde(default)]
    pub rank_pattern: BTreeMap<String, usize>,
    #[serde(default)]
    pub alpha_pattern: BTreeMap<String, f32>,
    #[serde(default)]
    pub modules_to_save: Option<Vec<String>>,
}

fn yes() -> Value {
    Value::Bool(true)
}

fn none() -> String {
    "none".to_owned()
}

impl AdapterConfig {
    /// The file that belongs to an adapter trained with `lora` on the projections `of_model`.
    pub fn new(base: &str, lora: &LoraSettings, of_model: &[Projection]) -> Self {
        let targets = if lora.targets.is_empty() {
            of_model
        } else {
            &lora.targets
        };
        Self {
            peft_type: "LORA".to_owned(),
            task_type: Some("CAUSAL_LM".to_owned()),
            base_model_name_or_path: Some(base.to_owned()),
            revision: None,
            r: lora.rank,
            lora_alpha: lora.alpha,
            lora_dropout: lora.dropout,
            bias: none(),
            target_modules: targets.iter().map(|p| p.name().to_owned()).collect(),
            fan_in_fan_out: false,
            inference_mode: true,
            init_lora_weights: yes(),
            use_rslora: lora.rslora,
            use_dora: false,
            rank_pattern: lora.rank_pattern.clone(),
            alpha_pattern: lora.alpha_pattern.clone(),
            modules_to_save: None,
        }
    }

    /// The settings that continue training this adapter; what we cannot train is refused by name.
    pub fn settings(&self) -> Result<LoraSettings, ModelError> {
        let refused = |what: &str| {
            Err(ModelError::Config(format!(
                "adapter_config.json: {what} is not supported"
            )))
        };
        if self.peft_type != "LORA" {
            return refused(&format!("peft_type {}", self.peft_type));
        }
        if self.use_dora {
            return refused("use_dora");
        }
        if self.bias != "none" {
            return refused(&format!("bias {}", self.bias));
        }
        if self.modules_to_save.as_ref().is_some_and(|m| !m.is_empty()) {
            return refused("modules_to_save");
        }
        Ok(LoraSettings {
            rank: self.r,
            alpha: self.lora_alpha,
            dropout: self.lora_dropout,
            rslora: self.use_rslora,
            targets: self.targets()?,
            rank_pattern: self.rank_pattern.clone(),
            alpha_pattern: self.alpha_pattern.clone(),
        })
    }

    fn targets(&self) -> Result<Vec<Projection>, ModelError> {
        let known = |name: &String| {
            Projection::from_name(name).ok_or_else(|| {
                ModelError::Config(format!(
                    "adapter_config.json: target {name} is not supported"
                ))
            })
        };
        self.target_modules.iter().map(known).collect()
    }
}
