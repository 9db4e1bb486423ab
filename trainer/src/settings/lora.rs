//! The adapter's shape.

use std::collections::BTreeMap;

use recipe::Projection;
use serde::{Deserialize, Serialize};

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
