//! Rows of attention scores.

use super::isa::versions;
use super::math::{LANES, exp, fold, tanh};

/// Which part of a row is visible, and how its scores are scaled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScoreRow {
    /// First visible key of the row.
    pub(crate) from: usize,
    /// One past the last.
    pub(crate) to: usize,
    pub(crate) scale: f32,
    /// Scores s become cap · tanh(s / cap).
    pub(crate) cap: Option<f32>,
}

#[allow(
    clippy::inline_always,
    reason = "must be compiled into each version of its caller"
)]
#[inline(always)]
fn scale_and_cap(row: ScoreRow, scores: &mut [f32]) {
    match row.cap {
        None => scores.iter_mut().for_each(|s| *s *= row.scale),
        Some(cap) => scores
            .iter_mut()
            .for_each(|s| *s = cap * tanh(*s * row.scale / cap)),
    }
}

versions! {
    /// Turns scores into exp(s - max) in place, hidden ones into 0; returns (1 / sum, log of the sum of exponentials).
    pub(crate) fn softmax_row(row: ScoreRow, scores: &mut [f32]) -> (f32, f32) {
        scores[..row.from].fill(0.0);
        scores[row.to..].fill(0.0);
        let seen = &mut scores[row.from..row.to];
        scale_and_cap(row, seen);
        let mut highest = [f32::NEG_INFINITY; LANES];
        let mut sums = [0.0; LANES];
        for chunk in seen.chunks(LANES) {
            for (high, s) in highest.iter_mut().zip(chunk) {
                *high = if *s > *high { *s } else { *high };
            }
        }
        let max = highest.into_iter().fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
        for chunk in seen.chunks_mut(LANES) {
            for (sum, s) in sums.iter_mut().zip(chunk) {
                *s = exp(*s - max);
                *sum += *s;
            }
        }
        let total = fold(sums);
        (1.0 / total, max + libm::logf(total))
    }
}

versions! {
    /// Turns scores into probabilities, given the log of their sum; hidden ones into 0. With a cap, `slope` receives
    /// the derivative of the capping.
    pub(crate) fn softmax_probabilities(row: ScoreRow, lse: f32, scores: &mut [f32], slope: &mut [f32]) {
        scores[..row.from].fill(0.0);
        scores[row.to..].fill(0.0);
        let seen = &mut scores[row.from..row.to];
        scale_and_cap(row, seen);
        if let Some(cap) = row.cap {
            for (slope, s) in slope[row.from..row.to].iter_mut().zip(seen.iter()) {
                *slope = 1.0 - (s / cap) * (s / cap);
            }
        }
        for s in seen {
            *s = exp(*s - lse);
        }
    }
}

versions! {
    /// ds = p · (dp - d) · scale (· slope) in place over dp.
    pub(crate) fn score_gradient(row: ScoreRow, p: &[f32], slope: &[f32], d: f32, dp: &mut [f32]) {
        for (dp, p) in dp.iter_mut().zip(p) {
            *dp = p * (*dp - d) * row.scale;
        }
        if row.cap.is_some() {
            for (dp, slope) in dp[row.from..row.to].iter_mut().zip(&slope[row.from..row.to]) {
                *dp *= slope;
            }
        }
    }
}
