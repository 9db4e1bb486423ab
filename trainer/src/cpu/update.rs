//! The optimizer step over flat vectors.

use rayon::prelude::*;

use crate::kernel::{AdamStep, Isa, adamw, squares};
use crate::settings::{AdamW, TrainSettings};

/// Values of one task; also the stretch over which squares are summed, so it never changes.
const STRETCH: usize = 4096;

/// The L2 norm: stretches in f64, then one after the other.
pub(super) fn norm(isa: Isa, values: &[f32]) -> f64 {
    let parts: Vec<f64> = values
        .par_chunks(STRETCH)
        .map(|part| squares(isa, part))
        .collect();
    parts.into_iter().sum::<f64>().sqrt()
}

/// What gradients are multiplied with: the mean over the labels, clipped as torch clips.
pub(super) fn gradient_scale(settings: &TrainSettings, norm_of_sum: f64, labels: u64) -> f32 {
    let mean = 1.0 / labels as f64;
    let clip = settings
        .max_grad_norm
        .map_or(1.0, |max| f64::from(max) / (norm_of_sum * mean + 1e-6));
    (mean * clip.min(1.0)) as f32
}

/// The numbers of step `step`, counted from 1.
pub(super) fn adam_step(
    adamw: &AdamW,
    learning_rate: f32,
    step: u64,
    gradient_scale: f32,
) -> AdamStep {
    let left = |beta: f32| 1.0 - libm::pow(f64::from(beta), step as f64);
    AdamStep {
        learning_rate,
        beta1: adamw.beta1,
        beta2: adamw.beta2,
        epsilon: adamw.epsilon,
        weight_decay: adamw.weight_decay,
        correction1: left(adamw.beta1) as f32,
        correction2_root: left(adamw.beta2).sqrt() as f32,
        gradient_scale,
    }
}

pub(super) fn apply(isa: Isa, step: AdamStep, gradient: &[f32], [m, v, w]: [&mut [f32]; 3]) {
    let moments = m.par_chunks_mut(STRETCH).zip(v.par_chunks_mut(STRETCH));
    gradient
        .par_chunks(STRETCH)
        .zip(moments)
        .zip(w.par_chunks_mut(STRETCH))
        .for_each(|((g, (m, v)), w)| {
            adamw(isa, step, g, m, v, w);
        });
}
