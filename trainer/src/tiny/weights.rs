//! The tiny model's configuration and weights: a two-layer Llama, the same bytes every time.

use crate::digest::Hasher;
use crate::state::NamedTensor;
use crate::tensorfile::write_f32;
use std::io;
use std::path::Path;

const HIDDEN: usize = 64;
const LAYERS: usize = 2;
const HEADS: usize = 4;
const KEY_HEADS: usize = 2;
const FED: usize = 128;
/// How far random weights stray from zero: transformers' own default.
const SPREAD: f32 = 0.02;

/// The `config.json` of the tiny model, with the keys of old and new transformers.
pub(super) fn config() -> serde_json::Value {
    serde_json::json!({
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_HEADS,
        "head_dim": HIDDEN / HEADS,
        "intermediate_size": FED,
        "vocab_size": super::VOCABULARY,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "hidden_act": "silu",
        "attention_bias": false,
        "mlp_bias": false,
        "tie_word_embeddings": false,
        "bos_token_id": 1,
        "eos_token_id": 3,
        "pad_token_id": 0,
        "torch_dtype": "float32",
    })
}

/// Writes `model.safetensors`.
pub(super) fn write_weights(dir: &Path) -> io::Result<()> {
    let tensors: Vec<NamedTensor> = shapes().into_iter().map(tensor).collect();
    write_f32(&dir.join("model.safetensors"), &tensors)
}

fn shapes() -> Vec<(String, Vec<usize>)> {
    let keys = HIDDEN / HEADS * KEY_HEADS;
    let mut shapes = vec![
        (
            "model.embed_tokens.weight".to_owned(),
            vec![super::VOCABULARY, HIDDEN],
        ),
        ("model.norm.weight".to_owned(), vec![HIDDEN]),
        ("lm_head.weight".to_owned(), vec![super::VOCABULARY, HIDDEN]),
    ];
    for layer in 0..LAYERS {
        for (name, shape) in [
            ("input_layernorm", vec![HIDDEN]),
            ("post_attention_layernorm", vec![HIDDEN]),
            ("self_attn.q_proj", vec![HIDDEN, HIDDEN]),
            ("self_attn.k_proj", vec![keys, HIDDEN]),
            ("self_attn.v_proj", vec![keys, HIDDEN]),
            ("self_attn.o_proj", vec![HIDDEN, HIDDEN]),
            ("mlp.gate_proj", vec![FED, HIDDEN]),
            ("mlp.up_proj", vec![FED, HIDDEN]),
            ("mlp.down_proj", vec![HIDDEN, FED]),
        ] {
            shapes.push((format!("model.layers.{layer}.{name}.weight"), shape));
        }
    }
    shapes
}

fn tensor((name, shape): (String, Vec<usize>)) -> NamedTensor {
    let count = shape.iter().product();
    let values = if shape.len() == 1 {
        vec![1.0; count]
    } else {
        random(&name, count)
    };
    NamedTensor {
        name,
        shape,
        values,
    }
}

/// Numbers that look random and depend on the name alone: eight from each hash,
/// evenly spread with the deviation asked for.
fn random(name: &str, count: usize) -> Vec<f32> {
    // An even spread of half width w deviates by w / sqrt(3).
    let width = SPREAD * 3.0_f32.sqrt();
    let block = |at: usize| {
        let mut hasher = Hasher::labelled(name);
        hasher.number(at as u64);
        let words = hasher.finish().0;
        let words = words
            .as_chunks::<4>()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word));
        words
            .map(|word| ((word >> 8) as f32 / 8_388_608.0 - 1.0) * width)
            .collect::<Vec<f32>>()
    };
    (0..count.div_ceil(8)).flat_map(block).take(count).collect()
}
