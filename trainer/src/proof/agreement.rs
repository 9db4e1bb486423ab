//! The hand-written backend against the oracle, for every family and every training option.

use super::specs::{FormulaWeights, batch, distance, engine, families, llama, settings, start};
use crate::backend::{Backend, Place};
use crate::evaluation::compare;
use crate::model::ModelSpec;
use crate::reference::RefCandle;
use crate::settings::{LoraSettings, Precision, Projection, Quantise, TrainSettings};

const PLACE: Place = Place { step: 3, micro: 1 };

fn oracle(spec: &ModelSpec, settings: &TrainSettings) -> RefCandle {
    RefCandle::new(spec.clone(), Box::new(FormulaWeights), settings).unwrap()
}

fn assert_agreement(what: &str, spec: &ModelSpec, settings: &TrainSettings) {
    let (mut ours, mut theirs) = (engine(spec, settings), oracle(spec, settings));
    let state = start(&ours);
    ours.restore(&state).unwrap();
    theirs.restore(&state).unwrap();

    let (loss, expected) = (
        ours.forward_backward(&batch(), PLACE).unwrap(),
        theirs.forward_backward(&batch(), PLACE).unwrap(),
    );
    let far = distance(&theirs.gradients().unwrap(), &ours.gradients().unwrap());

    assert_eq!(loss.labels, expected.labels);
    assert!(
        (loss.loss / expected.loss - 1.0).abs() < 1e-5,
        "{what}: {} against {}",
        loss.loss,
        expected.loss
    );
    assert!(far < 1e-4, "{what}: gradients differ by {far}");
}

#[test]
fn every_family_has_the_oracles_loss_and_gradients() {
    for (name, spec) in families() {
        assert_agreement(name, &spec, &settings());
    }
}

#[test]
fn every_training_option_has_the_oracles_loss_and_gradients() {
    let with = |lora: LoraSettings| TrainSettings { lora, ..settings() };
    let plain = settings().lora;
    let options = [
        (
            "dropout",
            with(LoraSettings {
                dropout: 0.3,
                ..plain.clone()
            }),
        ),
        (
            "rslora",
            with(LoraSettings {
                rslora: true,
                ..plain.clone()
            }),
        ),
        (
            "some targets",
            with(LoraSettings {
                targets: vec![Projection::V, Projection::Up],
                ..plain.clone()
            }),
        ),
        (
            "wide ranks",
            with(LoraSettings {
                rank: 40,
                ..plain.clone()
            }),
        ),
        (
            "rank patterns",
            with(LoraSettings {
                rank_pattern: [("k_proj".to_owned(), 5)].into(),
                alpha_pattern: [("layers.1.mlp.down_proj".to_owned(), 9.0)].into(),
                ..plain
            }),
        ),
        (
            "neftune",
            TrainSettings {
                neftune_alpha: Some(5.0),
                ..settings()
            },
        ),
        (
            "four-bit weights",
            TrainSettings {
                quantise: Some(Quantise::Nf4),
                ..settings()
            },
        ),
        (
            "bf16 weights",
            TrainSettings {
                precision: Precision::Bf16,
                ..settings()
            },
        ),
    ];
    for (name, settings) in options {
        assert_agreement(name, &llama(), &settings);
    }
}

#[test]
fn pairs_of_bf16_stay_near_the_oracle() {
    let settings = TrainSettings {
        precision: Precision::Bf16,
        ..settings()
    };
    for (name, spec) in families() {
        let (mut ours, mut theirs) = (engine(&spec, &settings), oracle(&spec, &settings));
        ours.use_pairs(true);
        let state = start(&ours);
        ours.restore(&state).unwrap();
        theirs.restore(&state).unwrap();

        let (loss, expected) = (
            ours.forward_backward(&batch(), PLACE).unwrap(),
            theirs.forward_backward(&batch(), PLACE).unwrap(),
        );

        let far = distance(&theirs.gradients().unwrap(), &ours.gradients().unwrap());
        assert!(
            (loss.loss / expected.loss - 1.0).abs() < 5e-3,
            "{name}: {} {}",
            loss.loss,
            expected.loss
        );
        assert!(far > 1e-6 && far < 0.1, "{name}: gradients differ by {far}");
    }
}

#[test]
fn steps_evaluations_and_logits_are_the_oracles() {
    let settings = TrainSettings {
        max_grad_norm: Some(0.5),
        ..settings()
    };
    let (mut ours, mut theirs) = (engine(&llama(), &settings), oracle(&llama(), &settings));
    let state = start(&ours);
    for backend in [&mut ours as &mut dyn Backend, &mut theirs] {
        backend.restore(&state).unwrap();
        for step in 0..3 {
            let labels = backend
                .forward_backward(&batch(), Place { step, micro: 0 })
                .unwrap()
                .labels;
            backend.optimizer_step(1e-2, labels).unwrap();
        }
    }

    let (judged, expected) = (
        ours.evaluate(&batch()).unwrap(),
        theirs.evaluate(&batch()).unwrap(),
    );

    assert!(distance(&theirs.export().unwrap(), &ours.export().unwrap()) < 2e-3);
    assert!((judged.loss / expected.loss - 1.0).abs() < 1e-4);
    assert_eq!(judged.correct, expected.correct);
    let (l, e) = (
        ours.logits(&batch()).unwrap(),
        theirs.logits(&batch()).unwrap(),
    );
    assert!(l.iter().zip(&e).all(|(l, e)| (l - e).abs() < 1e-3));
}

#[test]
fn fresh_adapters_change_nothing_and_then_learn() {
    let mut backend = engine(&llama(), &settings());
    let before = backend.evaluate(&batch()).unwrap();
    for step in 0..30 {
        let labels = backend
            .forward_backward(&batch(), Place { step, micro: 0 })
            .unwrap()
            .labels;
        backend.optimizer_step(1e-2, labels).unwrap();
    }

    let after = backend.evaluate(&batch()).unwrap();

    let b_is_zero = |t: &&crate::state::NamedTensor| t.name.contains("lora_B");
    let fresh = engine(&llama(), &settings()).export().unwrap();
    assert!(
        fresh
            .tensors
            .iter()
            .filter(b_is_zero)
            .all(|t| t.values.iter().all(|v| *v == 0.0))
    );
    assert!(
        after.loss < 0.8 * before.loss,
        "{} to {}",
        before.loss,
        after.loss
    );
}

#[test]
fn a_comparison_shows_the_base_and_what_was_learnt() {
    let mut backend = engine(&llama(), &settings());
    let untouched = backend.evaluate(&batch()).unwrap();
    for step in 0..10 {
        let labels = backend
            .forward_backward(&batch(), Place { step, micro: 0 })
            .unwrap()
            .labels;
        backend.optimizer_step(1e-2, labels).unwrap();
    }
    let tuned = backend.export().unwrap();

    let seen = compare(&mut backend, &tuned, &[batch(), batch()]).unwrap();

    assert_eq!(seen.base.loss, untouched.loss / untouched.labels as f64);
    assert_eq!(seen.base.labels, 2 * untouched.labels);
    assert!(seen.tuned.loss < seen.base.loss && seen.tuned.perplexity > 1.0);
    assert_eq!(backend.export().unwrap(), tuned);
}
