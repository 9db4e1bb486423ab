//! The same bits on any number of threads, on any instruction set, and after any interruption.

use super::specs::{batch, engine, families, settings, start};
use crate::backend::{Backend, BackendError, Place};
use crate::batch::Batch;
use crate::cpu::CpuEngine;
use crate::kernel::Isa;
use crate::model::ModelSpec;
use crate::settings::{LoraSettings, TrainSettings};
use crate::state::TrainState;

fn restless() -> TrainSettings {
    TrainSettings {
        lora: LoraSettings {
            dropout: 0.1,
            ..settings().lora
        },
        neftune_alpha: Some(5.0),
        max_grad_norm: Some(1.0),
        ..settings()
    }
}

fn train(backend: &mut CpuEngine, steps: std::ops::Range<u64>) -> Vec<u64> {
    let step = |step| {
        let first = backend
            .forward_backward(&batch(), Place { step, micro: 0 })
            .unwrap();
        let second = backend
            .forward_backward(&batch(), Place { step, micro: 1 })
            .unwrap();
        backend
            .optimizer_step(1e-2, first.labels + second.labels)
            .unwrap();
        (first.loss + second.loss).to_bits()
    };
    steps.map(step).collect()
}

fn bits(state: &TrainState) -> Vec<u32> {
    let all = [&state.adapter, &state.first_moments, &state.second_moments];
    all.iter()
        .flat_map(|a| &a.tensors)
        .flat_map(|t| &t.values)
        .map(|v| v.to_bits())
        .collect()
}

fn after_steps(
    steps: u64,
    spec: &ModelSpec,
    settings: &TrainSettings,
    isa: Isa,
) -> (Vec<u64>, Vec<u32>) {
    let mut backend = engine(spec, settings);
    backend.use_instructions(isa);
    backend.restore(&start(&backend)).unwrap();
    let losses = train(&mut backend, 0..steps);
    (losses, bits(&backend.state().unwrap()))
}

fn after_four_steps(spec: &ModelSpec, settings: &TrainSettings) -> (Vec<u64>, Vec<u32>) {
    after_steps(4, spec, settings, Isa::detect())
}

#[test]
fn threads_do_not_change_a_bit() {
    for (name, spec) in families() {
        let on = |threads| {
            after_steps(
                2,
                &spec,
                &TrainSettings {
                    threads,
                    ..restless()
                },
                Isa::detect(),
            )
        };
        let one = on(1);
        assert!(
            [2, 3, 5].into_iter().all(|threads| on(threads) == one),
            "{name}"
        );
    }
}

#[test]
fn instruction_sets_do_not_change_a_bit() {
    for (name, spec) in families() {
        let plain = after_steps(1, &spec, &restless(), Isa::Scalar);
        for isa in Isa::available() {
            assert!(
                after_steps(1, &spec, &restless(), *isa) == plain,
                "{name} on {isa:?}"
            );
        }
    }
}

#[test]
fn a_run_resumed_at_any_step_ends_with_the_same_bits() {
    let (_, spec) = families().swap_remove(0);
    let (losses, whole) = after_four_steps(&spec, &restless());
    for stop in 0..4 {
        let mut first = engine(&spec, &restless());
        first.restore(&start(&first)).unwrap();
        let mut seen = train(&mut first, 0..stop);
        let kept = first.state().unwrap();
        drop(first);

        let mut second = engine(&spec, &restless());
        second.restore(&kept).unwrap();
        seen.extend(train(&mut second, stop..4));

        assert_eq!(seen, losses);
        assert!(bits(&second.state().unwrap()) == whole, "stopped at {stop}");
    }
}

#[test]
fn evaluations_in_between_leave_no_trace() {
    let (_, spec) = families().swap_remove(0);
    let (_, whole) = after_four_steps(&spec, &restless());
    let mut backend = engine(&spec, &restless());
    backend.restore(&start(&backend)).unwrap();
    for step in 0..4 {
        backend.evaluate(&batch()).unwrap();
        train(&mut backend, step..step + 1);
        backend.logits(&batch()).unwrap();
    }

    assert!(bits(&backend.state().unwrap()) == whole);
}

#[test]
fn packed_documents_do_not_see_each_other() {
    let (_, spec) = families().swap_remove(0);
    let mut backend = engine(&spec, &settings());
    let (one, two): (Vec<u32>, Vec<u32>) = ((0..20).collect(), (20..60).collect());
    let row = |tokens: &[u32]| Batch::rows(tokens, tokens.len());
    let apart = [
        backend.logits(&row(&one)).unwrap(),
        backend.logits(&row(&two)).unwrap(),
    ]
    .concat();
    let document = |tokens: &[u32]| crate::batch::Document {
        tokens: tokens.to_vec(),
        counted: Vec::new(),
    };

    let together = backend
        .logits(&Batch::pack(&[document(&one), document(&two)]))
        .unwrap();

    assert!(
        together
            .iter()
            .zip(&apart)
            .all(|(t, a)| t.to_bits() == a.to_bits())
    );
}

#[test]
fn foreign_tokens_and_batches_too_large_are_refused() {
    let (_, spec) = families().swap_remove(0);
    let mut backend = engine(&spec, &settings());

    let token = backend.evaluate(&Batch::rows(&[1, 67, 2], 3)).unwrap_err();
    let large = backend.evaluate(&Batch::rows(&[1; 121], 121)).unwrap_err();
    let empty = backend.optimizer_step(1e-3, 0).unwrap_err();
    let nothing = backend.evaluate(&Batch::default()).unwrap_err();

    assert!(matches!(
        token,
        BackendError::Token {
            token: 67,
            position: 1,
            vocabulary: 67
        }
    ));
    assert!(matches!(
        large,
        BackendError::BatchTooLarge { tokens: 121, .. }
    ));
    assert!(matches!(empty, BackendError::NoLabels));
    assert!(matches!(nothing, BackendError::NoLabels));
}
