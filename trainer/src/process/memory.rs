//! How much memory there is, and how much a run will need.

use crate::model::ModelSpec;
use crate::settings::{Precision, TrainSettings};
use std::fs;

/// Bytes of the process itself: code, tokenizer, tables.
const PROCESS_BYTES: u64 = 96 << 20;
/// Floats of packed weights the engine keeps at once, and queries it scores together.
const PANEL_FLOATS: u64 = 2 << 20;
const QUERIES: u64 = 64;
/// Most floats of logits held at once.
const LOGIT_FLOATS: u64 = 64 << 20;

/// The least of what the system has free and what its control group allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    pub bytes: u64,
}

/// Reads what Linux says; `None` where it says nothing.
pub fn available_memory() -> Option<Available> {
    let system = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| available_of(&text));
    let group = group_room();
    let bytes = system.into_iter().chain(group).min()?;
    Some(Available { bytes })
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
fn available_of(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// What the control group has left, where it has a limit.
fn group_room() -> Option<u64> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let limit = number("/sys/fs/cgroup/memory.max")?;
    let used = number("/sys/fs/cgroup/memory.current").unwrap_or_default();
    // Cached file pages count as used and give way.
    let cached = fs::read_to_string("/sys/fs/cgroup/memory.stat")
        .ok()
        .and_then(|text| inactive_of(&text));
    Some(limit.saturating_sub(used.saturating_sub(cached.unwrap_or_default())))
}

fn inactive_of(stat: &str) -> Option<u64> {
    let line = stat
        .lines()
        .find_map(|line| line.strip_prefix("inactive_file "))?;
    line.trim().parse().ok()
}

/// What a run on the processor will need at most, from the shape of the model alone.
///
/// Weights stay as the file has them, or in bf16; each layer keeps its inputs for the
/// backward pass; an adapter has weights, gradients and two moments, and while a
/// checkpoint is written a copy of three of them.
pub fn predict(spec: &ModelSpec, settings: &TrainSettings, weight_bytes: u64) -> u64 {
    let adapter = 4 * 8 * adapter_parameters(spec, settings);
    let activations = 4 * activation_floats(spec, settings);
    let weights = match settings.precision {
        Precision::F32 => weight_bytes,
        Precision::Bf16 => 2 * spec.parameters() + 4 * largest_matrix(spec),
    };
    let sum = weights + adapter + activations + PROCESS_BYTES;
    sum + sum / 20
}

fn adapter_parameters(spec: &ModelSpec, settings: &TrainSettings) -> u64 {
    let projections = spec.projections().iter();
    let sides: usize = projections
        .map(|p| spec.shape_of(*p))
        .map(|(i, o)| i + o)
        .sum();
    let ranks = settings.lora.rank_pattern.values().copied();
    let rank = ranks.chain([settings.lora.rank]).max().unwrap_or_default();
    (sides * spec.layers * rank) as u64
}

fn largest_matrix(spec: &ModelSpec) -> u64 {
    let projections = spec.projections().iter();
    let sizes = projections.map(|p| spec.shape_of(*p)).map(|(i, o)| i * o);
    sizes
        .chain([spec.vocabulary * spec.hidden])
        .max()
        .unwrap_or_default() as u64
}

fn activation_floats(spec: &ModelSpec, settings: &TrainSettings) -> u64 {
    let tokens = settings.micro_batch_tokens_max as u64;
    let [hidden, fed] = [spec.hidden, spec.intermediate].map(|size| size as u64);
    let [queries, keys] = [spec.q_len(), spec.kv_len()].map(|size| size as u64);
    let rank = settings.lora.rank as u64;
    let raw = if spec.qk_norm {
        spec.qkv_len() as u64
    } else {
        0
    };
    let post = if spec.post_norms { 2 * hidden + 2 } else { 0 };
    let saved = 2 * hidden
        + 3
        + 2 * queries
        + 2 * keys
        + spec.heads as u64
        + 2 * fed
        + raw
        + post
        + 7 * rank;
    let dropped = if settings.lora.dropout > 0.0 {
        hidden.max(fed).max(queries)
    } else {
        0
    };
    let scratch = 4 * hidden + 3 * queries + 4 * keys + 2 * fed + rank + dropped + 2;
    let logit_rows = (LOGIT_FLOATS / (spec.vocabulary as u64).max(1)).clamp(12, tokens.max(12));
    let worker = tokens * (2 * spec.head_dim as u64 + 3 * QUERIES);
    tokens * (saved * spec.layers as u64 + scratch)
        + logit_rows * (spec.vocabulary as u64 + 2 * hidden)
        + worker * settings.threads as u64
        + PANEL_FLOATS.max(hidden.max(fed) * 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_read_in_kibibytes() {
        let text = "MemTotal: 100 kB\nMemAvailable:     12 kB\n";

        assert_eq!(available_of(text), Some(12 * 1024));
        assert_eq!(available_of("MemTotal: 1 kB"), None);
    }
}
