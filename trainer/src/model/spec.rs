//! One transformer block with flags: what distinguishes the architectures trained here.

use super::Rope;
use crate::settings::Projection;

/// The families, by the first entry of `architectures` in config.json.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    Llama,
    Mistral,
    Qwen2,
    Qwen3,
    Phi3,
    Gemma,
    Gemma2,
    Gemma3,
}

impl Architecture {
    pub const ALL: [(&'static str, Self); 8] = [
        ("LlamaForCausalLM", Self::Llama),
        ("MistralForCausalLM", Self::Mistral),
        ("Qwen2ForCausalLM", Self::Qwen2),
        ("Qwen3ForCausalLM", Self::Qwen3),
        ("Phi3ForCausalLM", Self::Phi3),
        ("GemmaForCausalLM", Self::Gemma),
        ("Gemma2ForCausalLM", Self::Gemma2),
        ("Gemma3ForCausalLM", Self::Gemma3),
    ];

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, a)| a)
    }

    /// Gemma's norms multiply by one plus their weight, and its embeddings are scaled.
    pub fn is_gemma(self) -> bool {
        matches!(self, Self::Gemma | Self::Gemma2 | Self::Gemma3)
    }
}

/// The function on the gate of the feed-forward part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivationKind {
    Silu,
    GeluTanh,
}

/// Everything the arithmetic needs to know about a model.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the file it is read from"
)]
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSpec {
    pub architecture: Architecture,
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    pub intermediate: usize,
    pub vocabulary: usize,
    /// The longest text it was made for, where its configuration says so.
    pub positions_max: Option<usize>,
    pub norm_epsilon: f32,
    pub tied_head: bool,
    pub qkv_bias: bool,
    pub o_bias: bool,
    pub mlp_bias: bool,
    /// RMS norm over each head of q and k before the rotation.
    pub qk_norm: bool,
    /// Norms multiply by 1 + weight.
    pub norm_plus_one: bool,
    /// Norms after attention and feed-forward, before the residual sum.
    pub post_norms: bool,
    pub activation: ActivationKind,
    /// Scores are multiplied with this.
    pub attention_scale: f32,
    pub attention_cap: Option<f32>,
    pub logit_cap: Option<f32>,
    pub embedding_scale: Option<f32>,
    /// Per layer: how many keys back a query sees.
    pub windows: Vec<Option<usize>>,
    /// Per layer: which of `ropes`.
    pub rope_of: Vec<usize>,
    pub ropes: Vec<Rope>,
    /// q, k, v in one matrix and gate, up in another.
    pub fused: bool,
}

impl ModelSpec {
    pub fn q_len(&self) -> usize {
        self.heads * self.head_dim
    }

    pub fn kv_len(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    pub fn qkv_len(&self) -> usize {
        self.q_len() + 2 * self.kv_len()
    }

    /// The linear layers of a block in the order in which they are applied.
    pub fn projections(&self) -> &'static [Projection] {
        use Projection::{Down, Gate, GateUp, K, O, Q, Qkv, Up, V};
        if self.fused {
            &[Qkv, O, GateUp, Down]
        } else {
            &[Q, K, V, O, Gate, Up, Down]
        }
    }

    /// (inputs, outputs) of a linear layer.
    pub fn shape_of(&self, projection: Projection) -> (usize, usize) {
        match projection {
            Projection::Q => (self.hidden, self.q_len()),
            Projection::K | Projection::V => (self.hidden, self.kv_len()),
            Projection::O => (self.q_len(), self.hidden),
            Projection::Gate | Projection::Up => (self.hidden, self.intermediate),
            Projection::Down => (self.intermediate, self.hidden),
            Projection::Qkv => (self.hidden, self.qkv_len()),
            Projection::GateUp => (self.hidden, 2 * self.intermediate),
        }
    }

    pub fn has_bias(&self, projection: Projection) -> bool {
        match projection {
            Projection::Q | Projection::K | Projection::V => self.qkv_bias,
            Projection::O => self.o_bias,
            Projection::Gate | Projection::Up | Projection::Down => self.mlp_bias,
            Projection::Qkv | Projection::GateUp => false,
        }
    }

    /// `model.layers.3.self_attn.q_proj`.
    pub fn module(layer: usize, projection: Projection) -> String {
        let part = match projection {
            Projection::Q | Projection::K | Projection::V | Projection::O | Projection::Qkv => {
                "self_attn"
            }
            Projection::Gate | Projection::Up | Projection::Down | Projection::GateUp => "mlp",
        };
        format!("model.layers.{layer}.{part}.{}", projection.name())
    }

    /// Arithmetic of one trained token: frozen products forward and back, adapters three ways, causal attention.
    pub fn training_flops_per_token(&self, length: usize, adapter: usize) -> f64 {
        let frozen = (self.block_parameters() + (self.vocabulary * self.hidden) as u64) as f64;
        let attention = (self.layers * 2 * self.q_len() * length) as f64;
        4.0 * frozen + 6.0 * adapter as f64 + 3.5 * attention
    }

    /// Weights of the blocks' linear layers.
    pub fn block_parameters(&self) -> u64 {
        let block: usize = self
            .projections()
            .iter()
            .map(|p| self.shape_of(*p))
            .map(|(i, o)| i * o)
            .sum();
        (block * self.layers) as u64
    }

    /// Weights of the linear layers, the head and the embeddings.
    pub fn parameters(&self) -> u64 {
        let ends = if self.tied_head { 1 } else { 2 };
        self.block_parameters() + (ends * self.vocabulary * self.hidden) as u64
    }
}
