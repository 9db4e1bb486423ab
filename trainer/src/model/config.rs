//! config.json, in its old and new keys, as a [`ModelSpec`]; what is not understood is refused by name.

use std::path::Path;

use serde_json::Value;

use super::config_keys::{Config, missing, refused, wrong};
use super::config_rope::{rope_part, ropes};
use super::{ActivationKind, Architecture, ModelError, ModelSpec};

/// Reads and judges `config.json` of a model folder.
pub fn read_spec(folder: &Path) -> Result<ModelSpec, ModelError> {
    let path = folder.join("config.json");
    let text = std::fs::read(&path).map_err(|source| ModelError::Read {
        path: path.clone(),
        source,
    })?;
    let value = serde_json::from_slice(&text).map_err(|e| ModelError::Malformed {
        path,
        reason: e.to_string(),
    })?;
    spec_of(&Config(value))
}

fn spec_of(config: &Config) -> Result<ModelSpec, ModelError> {
    let architecture = architecture(config)?;
    refuse_the_unknown(config)?;
    let (hidden, layers, heads) = (
        config.size("hidden_size")?,
        config.size("num_hidden_layers")?,
        config.size("num_attention_heads")?,
    );
    let kv_heads = config.size_or_none("num_key_value_heads")?.unwrap_or(heads);
    let head_dim = config.size_or_none("head_dim")?.unwrap_or(hidden / heads);
    if heads % kv_heads != 0 || head_dim % 2 != 0 {
        return Err(ModelError::Config(format!(
            "{heads} heads on {kv_heads} of {head_dim} do not fit"
        )));
    }
    let gemma23 = matches!(architecture, Architecture::Gemma2 | Architecture::Gemma3);
    let attention_bias = config.flag("attention_bias", false)?;
    let (ropes, rope_of) = ropes(config, architecture, head_dim, layers)?;
    let scale_base = config.number("query_pre_attn_scalar")?.filter(|_| gemma23);
    Ok(ModelSpec {
        architecture,
        hidden,
        layers,
        heads,
        kv_heads,
        head_dim,
        intermediate: config.size("intermediate_size")?,
        vocabulary: config.size("vocab_size")?,
        positions_max: positions_max(config)?,
        norm_epsilon: config
            .number("rms_norm_eps")?
            .ok_or_else(|| missing("rms_norm_eps"))? as f32,
        tied_head: config.flag("tie_word_embeddings", architecture.is_gemma())?,
        qkv_bias: attention_bias || architecture == Architecture::Qwen2,
        o_bias: attention_bias,
        mlp_bias: config.flag("mlp_bias", false)?,
        qk_norm: matches!(architecture, Architecture::Qwen3 | Architecture::Gemma3),
        norm_plus_one: architecture.is_gemma(),
        post_norms: gemma23,
        activation: activation(config)?,
        attention_scale: (1.0 / scale_base.unwrap_or(head_dim as f64).sqrt()) as f32,
        attention_cap: config.number("attn_logit_softcapping")?.map(|c| c as f32),
        logit_cap: config.number("final_logit_softcapping")?.map(|c| c as f32),
        // Gemma rounds this factor to the weights' type; torch keeps it in f32 when the model is f32.
        embedding_scale: architecture
            .is_gemma()
            .then(|| (hidden as f64).sqrt() as f32),
        windows: windows(config, architecture, layers)?,
        rope_of,
        ropes,
        fused: architecture == Architecture::Phi3,
    })
}

/// Longrope's short factors hold up to the original length only.
fn positions_max(config: &Config) -> Result<Option<usize>, ModelError> {
    let part = rope_part(config);
    let kind = part.word("rope_type").or_else(|| part.word("type"));
    if matches!(kind, Some("longrope" | "su")) {
        let inner = part.size_or_none("original_max_position_embeddings")?;
        let original = config.size_or_none("original_max_position_embeddings")?;
        return Ok(inner.or(original));
    }
    config.size_or_none("max_position_embeddings")
}

fn architecture(config: &Config) -> Result<Architecture, ModelError> {
    let name = config
        .get("architectures")
        .and_then(|list| list.get(0))
        .and_then(Value::as_str)
        .ok_or_else(|| missing("architectures"))?;
    Architecture::from_name(name).ok_or_else(|| ModelError::Architecture(name.to_owned()))
}

fn refuse_the_unknown(config: &Config) -> Result<(), ModelError> {
    let Some(quantised) = config.part("quantization_config") else {
        return Ok(());
    };
    match quantised.word("quant_method").unwrap_or("unnamed") {
        "bitsandbytes" => refuse_all_but_nf4(&quantised),
        other => Err(refused("quantization_config.quant_method", other)),
    }
}

/// Of bitsandbytes' forms, four bits as normal floats are trained on.
fn refuse_all_but_nf4(quantised: &Config) -> Result<(), ModelError> {
    let kind = quantised.word("bnb_4bit_quant_type").unwrap_or("fp4");
    if !quantised.flag("load_in_4bit", false)? {
        Err(refused("quantization_config", "eight bits"))
    } else if kind != "nf4" {
        Err(refused("quantization_config.bnb_4bit_quant_type", kind))
    } else {
        Ok(())
    }
}

fn activation(config: &Config) -> Result<ActivationKind, ModelError> {
    let name = config
        .word("hidden_activation")
        .or_else(|| config.word("hidden_act"));
    match name.ok_or_else(|| missing("hidden_act"))? {
        "silu" | "swish" => Ok(ActivationKind::Silu),
        "gelu_pytorch_tanh" | "gelu_new" => Ok(ActivationKind::GeluTanh),
        // Gemma 1 wrote "gelu" and meant the tanh form.
        "gelu" if architecture(config)? == Architecture::Gemma => Ok(ActivationKind::GeluTanh),
        other => Err(refused("hidden_act", other)),
    }
}

/// Which layers look back only so far.
fn windows(
    config: &Config,
    a: Architecture,
    layers: usize,
) -> Result<Vec<Option<usize>>, ModelError> {
    let Some(window) = config.size_or_none("sliding_window")? else {
        return Ok(vec![None; layers]);
    };
    let windowed: Vec<bool> = match a {
        Architecture::Llama | Architecture::Gemma => vec![false; layers],
        Architecture::Mistral | Architecture::Phi3 => vec![true; layers],
        Architecture::Qwen2 | Architecture::Qwen3 => qwen_windows(config, layers)?,
        Architecture::Gemma2 | Architecture::Gemma3 => local_layers(config, a, layers)?,
    };
    Ok(windowed.into_iter().map(|w| w.then_some(window)).collect())
}

fn qwen_windows(config: &Config, layers: usize) -> Result<Vec<bool>, ModelError> {
    if !config.flag("use_sliding_window", false)? {
        return Ok(vec![false; layers]);
    }
    if config.get("layer_types").is_some() {
        return layer_types(config, layers);
    }
    let from = config
        .get("max_window_layers")
        .and_then(Value::as_u64)
        .unwrap_or(28) as usize;
    Ok((0..layers).map(|l| l >= from).collect())
}

/// Gemma's local layers: every other one, or all but each sixth.
pub(super) fn local_layers(
    config: &Config,
    a: Architecture,
    layers: usize,
) -> Result<Vec<bool>, ModelError> {
    if config.get("layer_types").is_some() {
        return layer_types(config, layers);
    }
    let default = if a == Architecture::Gemma2 { 2 } else { 6 };
    let pattern = config
        .size_or_none("sliding_window_pattern")?
        .unwrap_or(default);
    Ok((0..layers).map(|l| (l + 1) % pattern != 0).collect())
}

fn layer_types(config: &Config, layers: usize) -> Result<Vec<bool>, ModelError> {
    let list = config
        .get("layer_types")
        .and_then(Value::as_array)
        .ok_or_else(|| missing("layer_types"))?;
    let kinds: Result<Vec<_>, _> = list
        .iter()
        .map(|kind| match kind.as_str() {
            Some("sliding_attention") => Ok(true),
            Some("full_attention") => Ok(false),
            _ => Err(wrong("layer_types", kind)),
        })
        .collect();
    kinds.and_then(|k| {
        if k.len() == layers {
            Ok(k)
        } else {
            Err(refused("layer_types' length", k.len()))
        }
    })
}
