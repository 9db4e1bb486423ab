//! Quantised bases: a GGUF file that candle wrote is trained on as if its values lay there in full.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::specs::{FormulaWeights, batch, distance, settings, start};
use crate::backend::{Backend, Place};
use crate::cpu::CpuEngine;
use crate::model::{Architecture, Matrix, ModelError, ModelSource, ModelSpec, Rope, Weights};
use crate::reference::RefCandle;

const PLACE: Place = Place { step: 0, micro: 0 };
const HEAD: usize = 64;

/// Sizes of whole blocks of 256.
fn spec(architecture: Architecture) -> ModelSpec {
    ModelSpec {
        architecture,
        hidden: 256,
        heads: 4,
        kv_heads: 2,
        head_dim: HEAD,
        intermediate: 256,
        attention_scale: 0.125,
        qkv_bias: architecture == Architecture::Qwen2,
        ropes: vec![Rope::plain(1e4, HEAD)],
        ..super::specs::llama()
    }
}

/// Full values by name, for the engines that must not know of blocks.
#[derive(Clone, Debug, Default)]
struct Dense(BTreeMap<String, Vec<f32>>);

impl Weights for Dense {
    fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, ModelError> {
        Ok(Matrix::from_f32(rows, cols, self.0[name].clone()))
    }

    fn vector(&self, name: &str, _len: usize) -> Result<Vec<f32>, ModelError> {
        Ok(self.0[name].clone())
    }
}

/// Names of transformers and of llama.cpp, and shapes.
fn tensors(spec: &ModelSpec) -> Vec<(String, String, Vec<usize>)> {
    let (hidden, keys) = (spec.hidden, spec.kv_len());
    let mut all = vec![
        entry(
            "model.embed_tokens.weight",
            "token_embd.weight",
            &[spec.vocabulary, hidden],
        ),
        entry(
            "lm_head.weight",
            "output.weight",
            &[spec.vocabulary, hidden],
        ),
        entry("model.norm.weight", "output_norm.weight", &[hidden]),
    ];
    let parts: [(&str, &str, &[usize]); 12] = [
        ("input_layernorm.weight", "attn_norm.weight", &[hidden]),
        (
            "post_attention_layernorm.weight",
            "ffn_norm.weight",
            &[hidden],
        ),
        (
            "self_attn.q_proj.weight",
            "attn_q.weight",
            &[hidden, hidden],
        ),
        ("self_attn.k_proj.weight", "attn_k.weight", &[keys, hidden]),
        ("self_attn.v_proj.weight", "attn_v.weight", &[keys, hidden]),
        (
            "self_attn.o_proj.weight",
            "attn_output.weight",
            &[hidden, hidden],
        ),
        (
            "mlp.gate_proj.weight",
            "ffn_gate.weight",
            &[spec.intermediate, hidden],
        ),
        (
            "mlp.up_proj.weight",
            "ffn_up.weight",
            &[spec.intermediate, hidden],
        ),
        (
            "mlp.down_proj.weight",
            "ffn_down.weight",
            &[hidden, spec.intermediate],
        ),
        ("self_attn.q_proj.bias", "attn_q.bias", &[hidden]),
        ("self_attn.k_proj.bias", "attn_k.bias", &[keys]),
        ("self_attn.v_proj.bias", "attn_v.bias", &[keys]),
    ];
    for layer in 0..spec.layers {
        for (theirs, ours, shape) in parts {
            if theirs.ends_with("bias") && !spec.qkv_bias {
                continue;
            }
            let name = format!("model.layers.{layer}.{theirs}");
            all.push(entry(&name, &format!("blk.{layer}.{ours}"), shape));
        }
    }
    all
}

fn entry(name: &str, own: &str, shape: &[usize]) -> (String, String, Vec<usize>) {
    (name.to_owned(), own.to_owned(), shape.to_vec())
}

/// The permutation of llama.cpp's converter: (heads, 2, half, rest) to (heads, half, 2, rest).
fn turned(values: &[f32], rows: usize) -> Vec<f32> {
    let cols = values.len() / rows;
    let mut out = Vec::with_capacity(values.len());
    for head in 0..rows / HEAD {
        for pair in 0..HEAD / 2 {
            for half in 0..2 {
                let row = head * HEAD + half * HEAD / 2 + pair;
                out.extend_from_slice(&values[row * cols..][..cols]);
            }
        }
    }
    out
}

/// The way back, written from the other side.
fn unturned(values: &[f32], rows: usize) -> Vec<f32> {
    let cols = values.len() / rows;
    let mut out = vec![0.0; values.len()];
    for (at, row) in values.chunks(cols).enumerate() {
        let (head, pair, half) = (at / HEAD, at % HEAD / 2, at % 2);
        let to = head * HEAD + half * HEAD / 2 + pair;
        out[to * cols..][..cols].copy_from_slice(row);
    }
    out
}

/// Writes a GGUF file with candle and says which values candle reads in it.
fn written(path: &Path, spec: &ModelSpec, kind: GgmlDType) -> Dense {
    let llama = spec.architecture == Architecture::Llama;
    let (mut dense, mut packed) = (Dense::default(), Vec::new());
    for (name, own, shape) in tensors(spec) {
        let is_matrix = shape.len() == 2;
        let values = if is_matrix {
            FormulaWeights
                .matrix(&name, shape[0], shape[1])
                .unwrap()
                .to_f32()
        } else {
            FormulaWeights.vector(&name, shape[0]).unwrap()
        };
        let moved = llama && (name.contains("q_proj") || name.contains("k_proj"));
        let lying = if moved {
            turned(&values, shape[0])
        } else {
            values
        };
        let tensor = Tensor::from_vec(lying, shape.clone(), &Device::Cpu).unwrap();
        let kind = if is_matrix { kind } else { GgmlDType::F32 };
        let tensor = QTensor::quantize(&tensor, kind).unwrap();
        let read = tensor.dequantize(&Device::Cpu).unwrap();
        let read: Vec<f32> = read.flatten_all().unwrap().to_vec1().unwrap();
        let read = if moved {
            unturned(&read, shape[0])
        } else {
            read
        };
        dense.0.insert(name, read);
        packed.push((own, tensor));
    }
    let architecture = if llama { "llama" } else { "qwen2" };
    let architecture = Value::String(architecture.to_owned());
    let tensors: Vec<(&str, &QTensor)> = packed.iter().map(|(n, t)| (n.as_str(), t)).collect();
    let pairs = [("general.architecture", &architecture)];
    gguf_file::write(&mut File::create(path).unwrap(), &pairs, &tensors).unwrap();
    dense
}

/// Loss, gradients and whether the blocks stayed blocks.
fn step(backend: &mut dyn Backend) -> (f64, crate::state::Adapter) {
    let state = start(backend);
    backend.restore(&state).unwrap();
    let sum = backend.forward_backward(&batch(), PLACE).unwrap();
    (sum.loss, backend.gradients().unwrap())
}

#[test]
fn a_gguf_base_trains_as_its_values_would_in_full() {
    let kinds = [
        GgmlDType::Q8_0,
        GgmlDType::Q4K,
        GgmlDType::Q6K,
        GgmlDType::F16,
    ];
    for architecture in [Architecture::Llama, Architecture::Qwen2] {
        for kind in kinds {
            let (folder, spec) = (tempfile::tempdir().unwrap(), spec(architecture));
            let dense = written(&folder.path().join("model.gguf"), &spec, kind);
            let source = ModelSource::open(folder.path(), &spec).unwrap();

            let mut ours = CpuEngine::new(spec.clone(), &source, &settings()).unwrap();
            let mut full = CpuEngine::new(spec.clone(), &dense, &settings()).unwrap();
            let mut oracle = RefCandle::new(spec, Box::new(dense), &settings()).unwrap();
            let (ours, full, oracle) = (step(&mut ours), step(&mut full), step(&mut oracle));

            let what = format!("{architecture:?} {kind:?}");
            assert!((ours.0 - full.0).abs() < 1e-4 * full.0, "{what}");
            assert!(distance(&full.1, &ours.1) < 1e-5, "{what}");
            assert!((ours.0 - oracle.0).abs() < 1e-4 * oracle.0, "{what}");
            assert!(distance(&oracle.1, &ours.1) < 1e-4, "{what}");
        }
    }
}

#[test]
fn a_gguf_base_takes_the_memory_of_its_blocks() {
    let (folder, spec) = (tempfile::tempdir().unwrap(), spec(Architecture::Llama));
    written(&folder.path().join("model.gguf"), &spec, GgmlDType::Q4K);

    let source = ModelSource::open(folder.path(), &spec).unwrap();

    let values = spec.parameters();
    let norms = 4 * 256 * (2 * spec.layers as u64 + 1);
    assert_eq!(source.held_bytes(), values / 256 * 144 + norms);
    assert!(source.is_quantised());
}

#[test]
fn a_gguf_file_of_another_family_is_refused_by_name() {
    let (folder, spec) = (tempfile::tempdir().unwrap(), spec(Architecture::Llama));
    written(&folder.path().join("model.gguf"), &spec, GgmlDType::Q8_0);

    let opened = ModelSource::open(folder.path(), &self::spec(Architecture::Qwen2));

    let refusal = opened.expect_err("it is refused").to_string();
    assert!(
        refusal.contains("llama") && refusal.contains("qwen2"),
        "{refusal}"
    );
}

#[test]
fn a_truncated_gguf_file_is_refused() {
    let (folder, spec) = (tempfile::tempdir().unwrap(), spec(Architecture::Llama));
    let path = folder.path().join("model.gguf");
    written(&path, &spec, GgmlDType::Q8_0);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 4096]).unwrap();

    let source = ModelSource::open(folder.path(), &spec).unwrap();
    let loaded = CpuEngine::new(spec, &source, &settings());

    let refusal = loaded.expect_err("it is refused");
    let cause = std::error::Error::source(&refusal).map(ToString::to_string);
    let words = format!("{refusal} {}", cause.unwrap_or_default());
    assert!(words.contains("truncated"), "{words}");
}
