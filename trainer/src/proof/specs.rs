//! Tiny models of every family, and batches that cross every block border.

use crate::backend::Backend;
use crate::batch::{Batch, Document};
use crate::cpu::CpuEngine;
use crate::model::{ActivationKind, Architecture, Matrix, ModelError, ModelSpec, Rope, Weights};
use crate::settings::{LoraSettings, TrainSettings};
use crate::state::{Adapter, TrainState};

/// Weights by a formula that `conformance/record.py` knows too: no files, no generator.
#[derive(Clone, Copy, Debug)]
pub(super) struct FormulaWeights;

/// A number in ±0.5 for position `i` of the tensor `name`.
pub(super) fn formula(name: &str, i: usize) -> f32 {
    let salt = name
        .bytes()
        .fold(0_u64, |h, b| (h * 31 + u64::from(b)) % 1_000_003);
    let mixed = (i as u64 * 7919 + salt * 104_729 + (i as u64 * i as u64) % 613) % 1009;
    (mixed as f64 / 1009.0 - 0.5) as f32
}

impl Weights for FormulaWeights {
    fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, ModelError> {
        let scale = 2.0 / (cols as f32).sqrt();
        Ok(Matrix::from_f32(
            rows,
            cols,
            (0..rows * cols).map(|i| formula(name, i) * scale).collect(),
        ))
    }

    fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        let around = if name.ends_with("norm.weight") {
            1.0
        } else {
            0.0
        };
        Ok((0..len).map(|i| around + 0.3 * formula(name, i)).collect())
    }
}

/// The plainest: a two-layer Llama with sizes that fill no tile.
pub(super) fn llama() -> ModelSpec {
    ModelSpec {
        architecture: Architecture::Llama,
        hidden: 40,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        head_dim: 10,
        intermediate: 52,
        vocabulary: 67,
        positions_max: None,
        norm_epsilon: 1e-5,
        tied_head: false,
        qkv_bias: false,
        o_bias: false,
        mlp_bias: false,
        qk_norm: false,
        norm_plus_one: false,
        post_norms: false,
        activation: ActivationKind::Silu,
        attention_scale: 1.0 / 10.0_f32.sqrt(),
        attention_cap: None,
        logit_cap: None,
        embedding_scale: None,
        windows: vec![None; 2],
        rope_of: vec![0; 2],
        ropes: vec![Rope::plain(10_000.0, 10)],
        fused: false,
    }
}

pub(super) fn families() -> Vec<(&'static str, ModelSpec)> {
    let llama3 = Rope::plain(500_000.0, 10).llama3(8.0, 1.0, 4.0, 32.0);
    let gemma = ModelSpec {
        norm_plus_one: true,
        post_norms: true,
        activation: ActivationKind::GeluTanh,
        embedding_scale: Some(40.0_f32.sqrt()),
        tied_head: true,
        ..llama()
    };
    vec![
        ("llama", llama()),
        (
            "llama3",
            ModelSpec {
                ropes: vec![llama3],
                tied_head: true,
                ..llama()
            },
        ),
        (
            "biases",
            ModelSpec {
                qkv_bias: true,
                o_bias: true,
                mlp_bias: true,
                ..llama()
            },
        ),
        (
            "qwen2",
            ModelSpec {
                qkv_bias: true,
                tied_head: true,
                ..llama()
            },
        ),
        (
            "qwen3",
            ModelSpec {
                qk_norm: true,
                head_dim: 16,
                ropes: vec![Rope::plain(1e6, 16)],
                ..llama()
            },
        ),
        (
            "mistral",
            ModelSpec {
                windows: vec![Some(33); 2],
                ..llama()
            },
        ),
        (
            "phi3",
            ModelSpec {
                fused: true,
                ropes: vec![Rope::plain(1e4, 6)],
                ..llama()
            },
        ),
        (
            "gemma",
            ModelSpec {
                post_norms: false,
                ..gemma.clone()
            },
        ),
        (
            "gemma2",
            ModelSpec {
                attention_cap: Some(2.0),
                logit_cap: Some(3.0),
                windows: vec![Some(20), None],
                ..gemma.clone()
            },
        ),
        (
            "gemma3",
            ModelSpec {
                qk_norm: true,
                windows: vec![Some(20), None],
                rope_of: vec![1, 0],
                ropes: vec![Rope::plain(1e6, 10).linear(8.0), Rope::plain(1e4, 10)],
                ..gemma
            },
        ),
    ]
}

/// Four documents: longer than a block of queries, tiny, of one token, and between.
pub(super) fn batch() -> Batch {
    let document = |len: usize, salt: usize| Document {
        tokens: (0..len)
            .map(|i| ((i * i * 7 + salt * 13 + i) % 67) as u32)
            .collect(),
        counted: (0..len).map(|i| !(i + salt).is_multiple_of(3)).collect(),
    };
    Batch::pack(&[
        document(70, 1),
        document(5, 2),
        document(1, 3),
        document(40, 4),
    ])
}

pub(super) fn settings() -> TrainSettings {
    TrainSettings {
        lora: LoraSettings {
            rank: 3,
            alpha: 4.5,
            ..LoraSettings::default()
        },
        micro_batch_tokens_max: 120,
        ..TrainSettings::default()
    }
}

pub(super) fn engine(spec: &ModelSpec, settings: &TrainSettings) -> CpuEngine {
    CpuEngine::new(spec.clone(), &FormulaWeights, settings).unwrap()
}

/// An adapter whose A and B are both far from zero.
pub(super) fn start(backend: &dyn Backend) -> TrainState {
    let mut adapter = backend.export().unwrap();
    for tensor in &mut adapter.tensors {
        let name = tensor.name.clone();
        tensor
            .values
            .iter_mut()
            .enumerate()
            .for_each(|(i, v)| *v = 0.4 * formula(&name, i));
    }
    TrainState {
        adapter,
        ..TrainState::default()
    }
}

pub(super) fn norm(values: &[f32]) -> f64 {
    values
        .iter()
        .map(|v| f64::from(*v).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// The largest relative L2 distance over tensors.
pub(super) fn distance(expected: &Adapter, got: &Adapter) -> f64 {
    assert_eq!(expected.tensors.len(), got.tensors.len());
    let of = |(e, g): (&crate::state::NamedTensor, &crate::state::NamedTensor)| {
        assert_eq!(e.name, g.name);
        let difference: Vec<f32> = e.values.iter().zip(&g.values).map(|(x, y)| x - y).collect();
        norm(&difference) / norm(&e.values).max(1e-12)
    };
    expected
        .tensors
        .iter()
        .zip(&got.tensors)
        .map(of)
        .fold(0.0, f64::max)
}
