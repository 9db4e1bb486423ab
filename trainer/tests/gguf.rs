//! The GGUF file of an adapter, read back by candle's reader.

#![allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop, and its numbers are small"
)]

use candle_core::Device;
use candle_core::quantized::gguf_file::Content;
use std::fs::{self, File};
use trainer::peft::{AdapterConfig, write_adapter};
use trainer::result::gguf::export;
use trainer::settings::{LoraSettings, Projection};
use trainer::state::{Adapter, NamedTensor};

const RANK: usize = 3;

fn tensor(name: &str, shape: [usize; 2]) -> NamedTensor {
    let count = shape[0] * shape[1];
    NamedTensor {
        name: format!("base_model.model.model.layers.1.{name}.weight"),
        shape: shape.to_vec(),
        values: (0..count).map(|at| at as f32).collect(),
    }
}

/// Exports an adapter over a model of that type: 4 heads of 8 for q, 2 for k.
fn exported(
    model_type: &str,
    lora: &LoraSettings,
) -> Result<(Content, File), trainer::result::ResultError> {
    let dir = tempfile::tempdir().unwrap();
    let config = serde_json::json!({"model_type": model_type, "num_attention_heads": 4, "num_key_value_heads": 2});
    fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
    let adapter = Adapter {
        tensors: vec![
            tensor("mlp.down_proj.lora_A", [RANK, 40]),
            tensor("self_attn.k_proj.lora_B", [16, RANK]),
            tensor("self_attn.q_proj.lora_A", [RANK, 32]),
            tensor("self_attn.q_proj.lora_B", [32, RANK]),
        ],
    };
    let config = AdapterConfig::new(
        "base",
        lora,
        &[Projection::Q, Projection::K, Projection::Down],
    );
    write_adapter(dir.path(), &config, &adapter).unwrap();
    let out = dir.path().join("adapter.gguf");
    export(dir.path(), dir.path(), &out)?;
    let mut file = File::open(&out).unwrap();
    Ok((Content::read(&mut file).unwrap(), file))
}

fn values(content: &Content, file: &mut File, name: &str) -> (Vec<usize>, Vec<f32>) {
    let tensor = content.tensor(file, name, &Device::Cpu).unwrap();
    let tensor = tensor.dequantize(&Device::Cpu).unwrap();
    (
        tensor.dims().to_vec(),
        tensor.flatten_all().unwrap().to_vec1().unwrap(),
    )
}

#[test]
fn keys_and_shapes_are_those_llama_cpp_reads() {
    let (content, mut file) = exported("llama", &LoraSettings::default()).unwrap();

    let text = |key: &str| content.metadata[key].to_string().unwrap().clone();
    assert_eq!(text("general.architecture"), "llama");
    assert_eq!(text("general.type"), "adapter");
    assert_eq!(text("adapter.type"), "lora");
    assert!((content.metadata["adapter.lora.alpha"].to_f32().unwrap() - 16.0).abs() < f32::EPSILON);
    let (shape, down) = values(&content, &mut file, "blk.1.ffn_down.weight.lora_a");
    assert_eq!(shape, [RANK, 40]);
    assert_eq!(down, (0..120_u16).map(f32::from).collect::<Vec<_>>());
}

#[test]
fn q_and_k_of_llama_are_permuted_and_nothing_else() {
    let (content, mut file) = exported("llama", &LoraSettings::default()).unwrap();
    let first_of_rows = |values: &[f32]| {
        values
            .iter()
            .step_by(RANK)
            .map(|v| v / RANK as f32)
            .collect::<Vec<_>>()
    };

    let (_, q) = values(&content, &mut file, "blk.1.attn_q.weight.lora_b");
    let (_, k) = values(&content, &mut file, "blk.1.attn_k.weight.lora_b");
    let (_, a) = values(&content, &mut file, "blk.1.attn_q.weight.lora_a");

    let head = [0.0, 4.0, 1.0, 5.0, 2.0, 6.0, 3.0, 7.0];
    let heads = |count: u8| {
        (0..count)
            .flat_map(|h| head.map(|row| row + 8.0 * f32::from(h)))
            .collect::<Vec<_>>()
    };
    assert_eq!(first_of_rows(&q), heads(4));
    assert_eq!(first_of_rows(&k), heads(2));
    assert_eq!(a, (0..96_u16).map(f32::from).collect::<Vec<_>>());
}

#[test]
fn other_architectures_are_not_permuted() {
    let (content, mut file) = exported("qwen2", &LoraSettings::default()).unwrap();

    let (_, q) = values(&content, &mut file, "blk.1.attn_q.weight.lora_b");

    assert_eq!(q, (0..96_u16).map(f32::from).collect::<Vec<_>>());
}

#[test]
fn rslora_becomes_an_alpha_that_scales_alike() {
    let lora = LoraSettings {
        rank: 4,
        alpha: 6.0,
        rslora: true,
        ..LoraSettings::default()
    };

    let (content, _) = exported("qwen3", &lora).unwrap();

    assert!((content.metadata["adapter.lora.alpha"].to_f32().unwrap() - 12.0).abs() < 1e-6);
}

#[test]
fn an_architecture_llama_cpp_does_not_have_is_refused() {
    assert!(exported("mamba", &LoraSettings::default()).is_err());
}
