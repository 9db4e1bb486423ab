//! The adapter's shape.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The linear layers of a block that an adapter may sit on, by their names in Llama-like models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Projection {
    #[serde(rename = "q_proj")]
    Q,
    #[serde(rename = "k_proj")]
    K,
    #[serde(rename = "v_proj")]
    V,
    #[serde(rename = "o_proj")]
    O,
    #[serde(rename = "gate_proj")]
    Gate,
    #[serde(rename = "up_proj")]
    Up,
    #[serde(rename = "down_proj")]
    Down,
    /// Phi-3: q, k and v in one matrix.
    #[serde(rename = "qkv_proj")]
    Qkv,
    /// Phi-3: gate and up in one matrix.
    #[serde(rename = "gate_up_proj")]
    GateUp,
}

impl Projection {
    pub const ALL: [Self; 9] = [
        Self::Q,
        Self::K,
        Self::V,
        Self::O,
        Self::Gate,
        Self::Up,
        Self::Down,
        Self::Qkv,
        Self::GateUp,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Q => "q_proj",
            Self::K => "k_proj",
            Self::V => "v_proj",
            Self::O => "o_proj",
            Self::Gate => "gate_proj",
            Self::Up => "up_proj",
            Self::Down => "down_proj",
            Self::Qkv => "qkv_proj",
            Self::GateUp => "gate_up_proj",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }
}

/// Rank, scale and place of the adapters, in PEFT's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoraSettings {
    pub rank: usize,
    pub alpha: f32,
    pub dropout: f32,
    /// Scale by alpha / sqrt(rank) in place of alpha / rank.
    pub rslora: bool,
    /// Empty means every linear layer of the block that the architecture has.
    pub targets: Vec<Projection>,
    /// PEFT's `rank_pattern`: the end of a module's path (`layers.3.self_attn.q_proj`) to its rank.
    pub rank_pattern: BTreeMap<String, usize>,
    /// PEFT's `alpha_pattern`, likewise.
    pub alpha_pattern: BTreeMap<String, f32>,
}

impl Default for LoraSettings {
    fn default() -> Self {
        Self {
            rank: 8,
            alpha: 16.0,
            dropout: 0.0,
            rslora: false,
            targets: Vec::new(),
            rank_pattern: BTreeMap::new(),
            alpha_pattern: BTreeMap::new(),
        }
    }
}

impl LoraSettings {
    /// The rank of the adapter on a module such as `model.layers.3.self_attn.q_proj`.
    pub fn rank_of(&self, module: &str) -> usize {
        pattern(&self.rank_pattern, module)
            .copied()
            .unwrap_or(self.rank)
    }

    /// What B·A is multiplied with on that module.
    pub fn scale_of(&self, module: &str) -> f32 {
        let alpha = pattern(&self.alpha_pattern, module)
            .copied()
            .unwrap_or(self.alpha);
        let rank = self.rank_of(module) as f32;
        alpha / if self.rslora { rank.sqrt() } else { rank }
    }
}

/// PEFT matches a key against the whole path or its end behind a dot; the longest key wins here.
fn pattern<'a, T>(patterns: &'a BTreeMap<String, T>, module: &str) -> Option<&'a T> {
    let fits = |key: &str| module == key || module.ends_with(&format!(".{key}"));
    patterns
        .iter()
        .filter(|(key, _)| fits(key))
        .max_by_key(|(key, _)| key.len())
        .map(|(_, v)| v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_exact_pattern_wins() {
        let lora = LoraSettings {
            rank_pattern: BTreeMap::from([
                ("q_proj".to_owned(), 4),
                ("layers.1.self_attn.q_proj".to_owned(), 2),
            ]),
            ..LoraSettings::default()
        };

        assert_eq!(lora.rank_of("model.layers.0.self_attn.q_proj"), 4);
        assert_eq!(lora.rank_of("model.layers.1.self_attn.q_proj"), 2);
        assert_eq!(lora.rank_of("model.layers.1.self_attn.k_proj"), 8);
    }

    #[test]
    fn rslora_divides_by_the_root_of_the_rank() {
        let lora = LoraSettings {
            rank: 16,
            alpha: 8.0,
            rslora: true,
            ..LoraSettings::default()
        };

        assert!((lora.scale_of("x.q_proj") - 2.0).abs() < f32::EPSILON);
    }
}
