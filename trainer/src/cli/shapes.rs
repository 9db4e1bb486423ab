//! Shapes of known models for the benchmark.

use crate::model::{ActivationKind, Architecture, ModelSpec, Rope};

/// hidden, layers, heads, key heads, head dimension, intermediate, vocabulary.
type Sizes = [usize; 7];

struct Shape {
    name: &'static str,
    architecture: Architecture,
    sizes: Sizes,
    tied: bool,
    theta: f64,
}

const fn of(
    name: &'static str,
    architecture: Architecture,
    sizes: Sizes,
    tied: bool,
    theta: f64,
) -> Shape {
    Shape {
        name,
        architecture,
        sizes,
        tied,
        theta,
    }
}

const SHAPES: [Shape; 9] = [
    of(
        "tiny",
        Architecture::Llama,
        [128, 2, 4, 2, 32, 352, 1024],
        false,
        1e4,
    ),
    of(
        "tiny-q2",
        Architecture::Qwen2,
        [128, 2, 4, 2, 32, 352, 1024],
        true,
        1e6,
    ),
    of(
        "tiny-q3",
        Architecture::Qwen3,
        [128, 2, 4, 2, 64, 352, 1024],
        false,
        1e6,
    ),
    of(
        "m512",
        Architecture::Llama,
        [512, 8, 8, 4, 64, 1408, 8192],
        false,
        1e4,
    ),
    of(
        "qwen05b",
        Architecture::Qwen2,
        [896, 24, 14, 2, 64, 4864, 151_936],
        true,
        1e6,
    ),
    of(
        "llama1b",
        Architecture::Llama,
        [2048, 16, 32, 8, 64, 8192, 128_256],
        true,
        5e5,
    ),
    of(
        "llama8b",
        Architecture::Llama,
        [4096, 32, 32, 8, 128, 14_336, 128_256],
        false,
        5e5,
    ),
    of(
        "qwen3-8b",
        Architecture::Qwen3,
        [4096, 36, 32, 8, 128, 12_288, 151_936],
        false,
        1e6,
    ),
    of(
        "qwen3-32b",
        Architecture::Qwen3,
        [5120, 64, 64, 8, 128, 25_600, 151_936],
        false,
        1e6,
    ),
];

/// The spec of a named shape.
pub(super) fn shape(name: &str) -> Option<ModelSpec> {
    SHAPES.iter().find(|s| s.name == name).map(spec_of)
}

fn spec_of(shape: &Shape) -> ModelSpec {
    let [
        hidden,
        layers,
        heads,
        kv_heads,
        head_dim,
        intermediate,
        vocabulary,
    ] = shape.sizes;
    ModelSpec {
        architecture: shape.architecture,
        hidden,
        layers,
        heads,
        kv_heads,
        head_dim,
        intermediate,
        vocabulary,
        positions_max: None,
        norm_epsilon: 1e-5,
        tied_head: shape.tied,
        qkv_bias: shape.architecture == Architecture::Qwen2,
        o_bias: false,
        mlp_bias: false,
        qk_norm: shape.architecture == Architecture::Qwen3,
        norm_plus_one: false,
        post_norms: false,
        activation: ActivationKind::Silu,
        attention_scale: 1.0 / (head_dim as f32).sqrt(),
        attention_cap: None,
        logit_cap: None,
        embedding_scale: None,
        windows: vec![None; layers],
        rope_of: vec![0; layers],
        ropes: vec![Rope::plain(shape.theta, head_dim)],
        fused: false,
    }
}
