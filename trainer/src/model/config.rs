//! config.json, in its old and new keys, as a [`ModelSpec`]; what is not understood is refused by name.

use std::path::Path;

use serde_json::Value;

use super::{ActivationKind, Architecture, ModelError, ModelSpec, Rope, Yarn};

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

/// The JSON with typed access by key.
struct Config(Value);

impl Config {
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|v| !v.is_null())
    }

    fn size(&self, key: &str) -> Result<usize, ModelError> {
        self.size_or_none(key)?.ok_or_else(|| missing(key))
    }

    fn size_or_none(&self, key: &str) -> Result<Option<usize>, ModelError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let size = value.as_u64().filter(|n| (1..=1 << 24).contains(n));
        size.map(|n| Some(n as usize))
            .ok_or_else(|| wrong(key, value))
    }

    fn number(&self, key: &str) -> Result<Option<f64>, ModelError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        value
            .as_f64()
            .filter(|n| n.is_finite())
            .map(Some)
            .ok_or_else(|| wrong(key, value))
    }

    fn flag(&self, key: &str, default: bool) -> Result<bool, ModelError> {
        let Some(value) = self.get(key) else {
            return Ok(default);
        };
        value.as_bool().ok_or_else(|| wrong(key, value))
    }

    fn word(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    fn part(&self, key: &str) -> Option<Self> {
        self.get(key).filter(|v| v.is_object()).cloned().map(Self)
    }
}

fn missing(key: &str) -> ModelError {
    ModelError::Config(format!("{key} is missing"))
}

fn wrong(key: &str, value: &Value) -> ModelError {
    ModelError::Config(format!("{key} is {value}, which is not understood"))
}

fn refused(key: &str, value: impl std::fmt::Display) -> ModelError {
    ModelError::Config(format!("{key} = {value} is not supported"))
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
fn local_layers(config: &Config, a: Architecture, layers: usize) -> Result<Vec<bool>, ModelError> {
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

type Ropes = (Vec<Rope>, Vec<usize>);

/// One rope for all layers, or for Gemma 3 one for global (0) and one for local layers (1).
fn ropes(
    config: &Config,
    a: Architecture,
    head_dim: usize,
    layers: usize,
) -> Result<Ropes, ModelError> {
    let share = config.number("partial_rotary_factor")?.unwrap_or(1.0);
    let rotated = (head_dim as f64 * share) as usize;
    if a != Architecture::Gemma3 {
        return Ok((
            vec![rope(config, &rope_part(config), rotated)?],
            vec![0; layers],
        ));
    }
    let local = local_layers(config, a, layers)?;
    let (global_rope, local_rope) = gemma3_ropes(config, rotated)?;
    Ok((
        vec![global_rope, local_rope],
        local.into_iter().map(usize::from).collect(),
    ))
}

fn gemma3_ropes(config: &Config, rotated: usize) -> Result<(Rope, Rope), ModelError> {
    let new = |kind: &str| config.part("rope_parameters").and_then(|p| p.part(kind));
    if let (Some(global), Some(local)) = (new("full_attention"), new("sliding_attention")) {
        return Ok((
            rope(config, &global, rotated)?,
            rope(config, &local, rotated)?,
        ));
    }
    let base = config
        .number("rope_local_base_freq")?
        .ok_or_else(|| missing("rope_local_base_freq"))?;
    Ok((
        rope(config, &rope_part(config), rotated)?,
        Rope::plain(base, rotated),
    ))
}

/// `rope_parameters`, or the older `rope_scaling`, or nothing.
fn rope_part(config: &Config) -> Config {
    let part = config
        .part("rope_parameters")
        .or_else(|| config.part("rope_scaling"));
    part.unwrap_or(Config(Value::Null))
}

/// The base stands beside the scaling's numbers in new files, at the top in old ones; a default would be a trap.
fn rope(config: &Config, part: &Config, rotated: usize) -> Result<Rope, ModelError> {
    let base = match part.number("rope_theta")? {
        Some(base) => base,
        None => config
            .number("rope_theta")?
            .ok_or_else(|| missing("rope_theta"))?,
    };
    let plain = Rope::plain(base, rotated);
    let need = |key: &str| part.number(key)?.ok_or_else(|| missing(key));
    match part
        .word("rope_type")
        .or_else(|| part.word("type"))
        .unwrap_or("default")
    {
        "default" => Ok(plain),
        "linear" => Ok(plain.linear(need("factor")? as f32)),
        "llama3" => Ok(plain.llama3(
            need("factor")? as f32,
            need("low_freq_factor")? as f32,
            need("high_freq_factor")? as f32,
            need("original_max_position_embeddings")? as f32,
        )),
        "yarn" => Ok(plain.yarn(&yarn(config, part, base)?)),
        "longrope" | "su" => longrope(config, part, plain),
        other => Err(refused("rope_type", other)),
    }
}

fn yarn(config: &Config, part: &Config, base: f64) -> Result<Yarn, ModelError> {
    let factor = part.number("factor")?.ok_or_else(|| missing("factor"))?;
    if part.get("mscale").is_some() || part.get("mscale_all_dim").is_some() {
        return Err(refused("rope_scaling", "mscale"));
    }
    let longest = config.number("max_position_embeddings")?;
    let original = part.number("original_max_position_embeddings")?.or(longest);
    Ok(Yarn {
        base,
        factor: factor as f32,
        original: original.ok_or_else(|| missing("original_max_position_embeddings"))?,
        beta_fast: part.number("beta_fast")?.unwrap_or(32.0),
        beta_slow: part.number("beta_slow")?.unwrap_or(1.0),
        attention_factor: part
            .number("attention_factor")?
            .unwrap_or(0.1 * libm::log(factor) + 1.0) as f32,
    })
}

/// Training sequences here stay below the original length, so the short factors hold.
fn longrope(config: &Config, part: &Config, plain: Rope) -> Result<Rope, ModelError> {
    let list = part
        .get("short_factor")
        .and_then(Value::as_array)
        .ok_or_else(|| missing("short_factor"))?;
    let factors: Vec<f32> = list
        .iter()
        .filter_map(Value::as_f64)
        .map(|f| f as f32)
        .collect();
    if factors.len() != plain.inverse_frequencies.len() {
        return Err(refused("short_factor's length", factors.len()));
    }
    let longest = config.size("max_position_embeddings")? as f64;
    let original = match part.number("original_max_position_embeddings")? {
        Some(original) => original,
        None => config.size("original_max_position_embeddings")? as f64,
    };
    let stretch = (longest / original).max(1.0);
    let factor = (1.0 + libm::log(stretch) / libm::log(original)).sqrt();
    let factor = part.number("attention_factor")?.unwrap_or(factor);
    Ok(plain.divided(&factors, factor as f32))
}
