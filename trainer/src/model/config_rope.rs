//! The rotary part of a `config.json`, in its old and new keys.

use serde_json::Value;

use super::config::local_layers;
use super::config_keys::{Config, missing, refused};
use super::{Architecture, ModelError, Rope, Yarn};

pub(super) type Ropes = (Vec<Rope>, Vec<usize>);

/// One rope for all layers, or for Gemma 3 one for global (0) and one for local layers (1).
pub(super) fn ropes(
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
pub(super) fn rope_part(config: &Config) -> Config {
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
