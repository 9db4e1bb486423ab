//! Cross entropy over one row of logits.

use super::isa::versions;
use super::math::{LANES, exp, fold, tanh};

/// What a row is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CrossEntropy {
    pub(crate) target: usize,
    /// Logits l become cap · tanh(l / cap).
    pub(crate) cap: Option<f32>,
}

#[allow(
    clippy::inline_always,
    reason = "must be compiled into each version of its caller"
)]
#[inline(always)]
fn log_sum_exp(logits: &[f32]) -> (f32, f32) {
    let mut highest = [f32::NEG_INFINITY; LANES];
    for chunk in logits.chunks(LANES) {
        for (high, l) in highest.iter_mut().zip(chunk) {
            *high = if *l > *high { *l } else { *high };
        }
    }
    let max = highest
        .into_iter()
        .fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
    let mut sums = [0.0; LANES];
    for chunk in logits.chunks(LANES) {
        for (sum, l) in sums.iter_mut().zip(chunk) {
            *sum += exp(*l - max);
        }
    }
    (max, max + libm::logf(fold(sums)))
}

#[allow(
    clippy::inline_always,
    reason = "must be compiled into each version of its caller"
)]
#[inline(always)]
fn apply_cap(cap: Option<f32>, logits: &mut [f32]) {
    if let Some(cap) = cap {
        logits.iter_mut().for_each(|l| *l = cap * tanh(*l / cap));
    }
}

versions! {
    /// The loss; replaces the logits by its gradient, probability minus one at the target.
    pub(crate) fn cross_entropy(row: CrossEntropy, logits: &mut [f32]) -> f32 {
        apply_cap(row.cap, logits);
        let (_, lse) = log_sum_exp(logits);
        let loss = lse - logits[row.target];
        match row.cap {
            None => logits.iter_mut().for_each(|l| *l = exp(*l - lse)),
            Some(cap) => {
                let at_target = 1.0 - (logits[row.target] / cap) * (logits[row.target] / cap);
                logits.iter_mut().for_each(|l| *l = exp(*l - lse) * (1.0 - (*l / cap) * (*l / cap)));
                logits[row.target] -= at_target;
                return loss;
            }
        }
        logits[row.target] -= 1.0;
        loss
    }
}

versions! {
    /// Whether the target is the most probable token, and the loss. Ties go against the model.
    pub(crate) fn hit_and_loss(row: CrossEntropy, logits: &mut [f32]) -> (bool, f32) {
        apply_cap(row.cap, logits);
        let (max, lse) = log_sum_exp(logits);
        let own = logits[row.target];
        let rivals = logits.iter().filter(|l| **l >= max).count();
        (own >= max && rivals == 1, lse - own)
    }
}
