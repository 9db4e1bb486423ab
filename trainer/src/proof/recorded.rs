//! Losses and gradients that torch and peft gave for models made by formula (`conformance/record.py`).

use serde::Deserialize;

use super::specs::{engine, formula, llama, norm};
use crate::backend::{Backend, Place};
use crate::batch::Batch;
use crate::cpu::CpuEngine;
use crate::model::{ModelSpec, Rope};
use crate::settings::{AdamW, LoraSettings, Precision, TrainSettings};
use crate::state::TrainState;

const LLAMA: &str = include_str!("../../conformance/recorded/llama.json");
const QWEN2: &str = include_str!("../../conformance/recorded/qwen2.json");
const QWEN3: &str = include_str!("../../conformance/recorded/qwen3.json");

#[derive(Deserialize)]
struct Recorded {
    losses: Vec<f64>,
    /// The same with every matrix rounded to bf16.
    rounded_losses: Vec<f64>,
    /// Per tensor: the norm of its gradient at step 0, and its first value.
    gradients: Vec<(String, f64, f64)>,
}

fn spec_of(family: &str) -> ModelSpec {
    let base = ModelSpec {
        head_dim: 16,
        heads: 4,
        hidden: 64,
        intermediate: 96,
        vocabulary: 96,
        ..llama()
    };
    let base = ModelSpec {
        attention_scale: 0.25,
        ropes: vec![Rope::plain(1e4, 16)],
        ..base
    };
    match family {
        "llama" => base,
        "qwen2" => ModelSpec {
            qkv_bias: true,
            tied_head: true,
            ..base
        },
        _ => ModelSpec {
            qk_norm: true,
            head_dim: 32,
            attention_scale: 1.0 / 32.0_f32.sqrt(),
            ropes: vec![Rope::plain(1e6, 32)],
            ..base
        },
    }
}

fn settings(precision: Precision) -> TrainSettings {
    TrainSettings {
        lora: LoraSettings {
            rank: 4,
            alpha: 8.0,
            ..LoraSettings::default()
        },
        adamw: AdamW {
            weight_decay: 0.01,
            ..AdamW::default()
        },
        precision,
        micro_batch_tokens_max: 120,
        ..TrainSettings::default()
    }
}

/// The engine with the recorded run's adapter.
fn started(family: &str, precision: Precision) -> CpuEngine {
    let mut backend = engine(&spec_of(family), &settings(precision));
    let mut adapter = backend.export().unwrap();
    for tensor in &mut adapter.tensors {
        let name = tensor.name.clone();
        tensor
            .values
            .iter_mut()
            .enumerate()
            .for_each(|(i, v)| *v = 0.25 * formula(&name, i));
    }
    let state = TrainState {
        adapter,
        ..TrainState::default()
    };
    backend.restore(&state).unwrap();
    backend
}

fn assert_losses(
    family: &str,
    backend: &mut CpuEngine,
    (expected, bound): (&[f64], f64),
    after_first: impl Fn(&CpuEngine, f64),
) {
    for (step, expected) in expected.iter().enumerate() {
        let tokens: Vec<u32> = (0..120)
            .map(|i| ((i * i * 7 + step * 13 + i) % 96) as u32)
            .collect();
        let sum = backend
            .forward_backward(&Batch::rows(&tokens, 60), Place::default())
            .unwrap();
        if step == 0 {
            after_first(backend, sum.labels as f64);
        }
        backend.optimizer_step(1e-3, sum.labels).unwrap();
        let loss = sum.loss / sum.labels as f64;
        assert!(
            (loss - expected).abs() < bound,
            "{family}, step {step}: {loss} against {expected}"
        );
    }
}

fn assert_parity(family: &str, text: &str) {
    let recorded: Recorded = serde_json::from_str(text).unwrap();
    assert_losses(
        family,
        &mut started(family, Precision::F32),
        (&recorded.losses, 1e-4),
        |backend, labels| assert_gradients(family, &recorded, backend, labels),
    );
}

/// On the weights that a checkpoint in bf16 holds. What rounding activations to pairs leaves falls with the root of the
/// number of labels: 118 of them here, a thousand in `conformance/shared.py`, where 3e-4 must hold.
fn assert_bf16_parity(family: &str, text: &str) {
    let recorded: Recorded = serde_json::from_str(text).unwrap();
    let mut in_chains = started(family, Precision::Bf16);
    in_chains.use_pairs(false);
    let mut in_pairs = started(family, Precision::Bf16);
    in_pairs.use_pairs(true);
    let expected = &recorded.rounded_losses[..];
    assert_losses(family, &mut in_chains, (expected, 1e-4), |_, _| ());
    assert_losses(family, &mut in_pairs, (expected, 6e-4), |_, _| ());
}

fn assert_gradients(family: &str, recorded: &Recorded, backend: &dyn Backend, labels: f64) {
    let gradients = backend.gradients().unwrap().tensors;
    assert_eq!(gradients.len(), recorded.gradients.len());
    for (ours, (name, size, first)) in gradients.iter().zip(&recorded.gradients) {
        assert_eq!(&ours.name, name);
        let (own, value) = (
            norm(&ours.values) / labels,
            f64::from(ours.values[0]) / labels,
        );
        assert!(
            (own / size - 1.0).abs() < 1e-4,
            "{family}: {name}: {own} against {size}"
        );
        assert!(
            (value - first).abs() < 1e-4 * size,
            "{family}: {name}: {value} against {first}"
        );
    }
}

#[test]
fn torch_and_peft_gave_the_same_for_llama() {
    assert_parity("llama", LLAMA);
}

#[test]
fn torch_and_peft_gave_the_same_for_qwen2() {
    assert_parity("qwen2", QWEN2);
}

#[test]
fn torch_and_peft_gave_the_same_for_qwen3() {
    assert_parity("qwen3", QWEN3);
}

#[test]
fn torch_and_peft_gave_the_same_on_weights_in_bf16() {
    for (family, text) in [("llama", LLAMA), ("qwen2", QWEN2), ("qwen3", QWEN3)] {
        assert_bf16_parity(family, text);
    }
}
