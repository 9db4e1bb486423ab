//! A PEFT adapter to the tensors llama.cpp expects.

use super::names::{Half, split_name};
use super::writer::{GgufFile, GgufTensor, GgufValue};
use crate::model::{architecture, layer};
use crate::peft::{AdapterConfig, read_adapter, read_adapter_config};
use crate::result::ResultError;
use crate::state::NamedTensor;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

/// What of a model's `config.json` decides the layout of q and k.
#[derive(Debug, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the names are those of config.json"
)]
struct Heads {
    model_type: String,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
}

/// Writes the adapter in `adapter` over the model in `model` as GGUF to `out`.
pub fn export(model: &Path, adapter: &Path, out: &Path) -> Result<usize, ResultError> {
    let config = read_adapter_config(adapter)?;
    let config_path = model.join("config.json");
    let heads: Heads = read_json(&config_path)?;
    let file = convert(adapter, &config, &heads, &config_path)?;
    let created = File::create(out).map_err(ResultError::write(out))?;
    let mut writer = BufWriter::new(created);
    file.write(&mut writer).map_err(ResultError::write(out))?;
    let written = writer
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error);
    written
        .and_then(|file| file.sync_all())
        .map_err(ResultError::write(out))?;
    Ok(file.tensors.len())
}

fn convert(
    adapter: &Path,
    config: &AdapterConfig,
    heads: &Heads,
    config_path: &Path,
) -> Result<GgufFile, ResultError> {
    let none = |reason: String| ResultError::NoGguf {
        path: adapter.to_owned(),
        reason,
    };
    let name = architecture(&heads.model_type).ok_or_else(|| ResultError::NoGguf {
        path: config_path.to_owned(),
        reason: format!("llama.cpp has no {}", heads.model_type),
    })?;
    let alpha = one_alpha(config).ok_or_else(|| none("layers have different scales".to_owned()))?;
    let tensors = read_adapter(adapter)?.tensors;
    let tensors = tensors
        .into_iter()
        .map(|tensor| convert_tensor(tensor, name, heads).map_err(none))
        .collect::<Result<_, _>>()?;
    let text = |text: &str| GgufValue::Text(text.to_owned());
    Ok(GgufFile {
        pairs: vec![
            ("general.architecture".to_owned(), text(name)),
            ("general.type".to_owned(), text("adapter")),
            (
                "general.name".to_owned(),
                text(
                    config
                        .base_model_name_or_path
                        .as_deref()
                        .unwrap_or_default(),
                ),
            ),
            ("adapter.type".to_owned(), text("lora")),
            ("adapter.lora.alpha".to_owned(), GgufValue::Float(alpha)),
        ],
        tensors,
    })
}

/// llama.cpp scales by alpha / rank of each tensor, with one alpha for the file.
/// For rsLoRA the alpha that gives the same scale is alpha * sqrt(r).
fn one_alpha(config: &AdapterConfig) -> Option<f32> {
    if !config.alpha_pattern.is_empty() || (config.use_rslora && !config.rank_pattern.is_empty()) {
        return None;
    }
    let root = if config.use_rslora {
        (config.r as f32).sqrt()
    } else {
        1.0
    };
    Some(config.lora_alpha * root)
}

fn convert_tensor(
    tensor: NamedTensor,
    architecture: &str,
    heads: &Heads,
) -> Result<GgufTensor, String> {
    let (module, half) =
        split_name(&tensor.name).ok_or_else(|| format!("{} is no part of a LoRA", tensor.name))?;
    let name = layer(module).ok_or_else(|| format!("llama.cpp does not adapt {module}"))?;
    let suffix = match half {
        Half::A => "lora_a",
        Half::B => "lora_b",
    };
    let name = format!("{name}.weight.{suffix}");
    let permuted = half == Half::B && architecture == "llama";
    let values = match heads.of(module).filter(|_| permuted) {
        Some(count) => interleave(&tensor, count)
            .ok_or_else(|| format!("{} does not fit {count} heads", tensor.name))?,
        None => tensor.values,
    };
    Ok(GgufTensor {
        name,
        shape: tensor.shape,
        values,
    })
}

impl Heads {
    fn of(&self, module: &str) -> Option<usize> {
        if module.ends_with("q_proj") {
            Some(self.num_attention_heads)
        } else if module.ends_with("k_proj") {
            Some(self.num_key_value_heads.unwrap_or(self.num_attention_heads))
        } else {
            None
        }
    }
}

/// llama.cpp rotates neighbouring rows, transformers rows half a head apart: row
/// `i` of the first half and of the second become rows `2i` and `2i + 1`.
fn interleave(tensor: &NamedTensor, heads: usize) -> Option<Vec<f32>> {
    let [rows, rank] = tensor.shape.as_slice() else {
        return None;
    };
    let head = rows
        .checked_div(heads)
        .filter(|head| head * heads == *rows && head % 2 == 0);
    let head = head.filter(|_| *rank > 0)?;
    let row_of = |row: usize| {
        let (first, within) = (row / head * head, row % head);
        first + within / 2 + (within % 2) * (head / 2)
    };
    let rows = (0..*rows).map(|row| tensor.values.chunks_exact(*rank).nth(row_of(row)));
    rows.collect::<Option<Vec<_>>>().map(|rows| rows.concat())
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, ResultError> {
    let bytes = fs::read(path).map_err(ResultError::read(path))?;
    serde_json::from_slice(&bytes).map_err(|error| ResultError::not_an_adapter(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_a_head_become_neighbours() {
        let tensor = NamedTensor {
            name: String::new(),
            shape: vec![8, 1],
            values: (0_u8..8).map(f32::from).collect(),
        };

        let rows = interleave(&tensor, 2).expect("it fits");

        // numpy: arange(8).reshape(2, 2, 2, 1).swapaxes(1, 2).reshape(8, 1)
        assert_eq!(rows, [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0]);
    }

    #[test]
    fn rows_that_do_not_divide_into_heads_are_refused() {
        let tensor = NamedTensor {
            name: String::new(),
            shape: vec![6, 1],
            values: vec![0.0; 6],
        };

        assert_eq!(interleave(&tensor, 4), None);
        assert_eq!(interleave(&tensor, 2), None);
        assert_eq!(interleave(&tensor, 0), None);
    }
}
