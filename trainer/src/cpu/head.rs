//! The final norm, the head and the loss, a chunk of rows at a time: never all logits.

use rayon::prelude::*;

use super::arena::{Arena, Scratch, logit_rows};
use super::block::Pass;
use super::load::Frozen;
use super::passes::Norm;
use super::tools::Tools;
use crate::backend::LossSum;
use crate::batch::Batch;
use crate::kernel::{CrossEntropy, cross_entropy, hit_and_loss};

impl Frozen {
    /// The loss over counted positions; leaves the gradient of the last block's output in `scratch.dx`.
    pub(super) fn loss_backward(&self, pass: &Pass<'_>, arena: &mut Arena) -> LossSum {
        let wide = pass.tokens() * pass.spec.hidden;
        let counted = self.normalise(pass, arena);
        arena.scratch.out[..wide].fill(0.0);
        let chunk = logit_rows(pass.spec.vocabulary, arena.tokens_max);
        for (i, rows) in counted.chunks(chunk).enumerate() {
            let (tools, scratch) = (&mut arena.tools, &mut arena.scratch);
            self.logits_of(pass, tools, scratch, rows);
            differentiate(pass, tools, scratch, rows, i * chunk);
            let (logits, d_picked) = (
                &scratch.logits[..rows.len() * pass.spec.vocabulary],
                &mut scratch.d_picked,
            );
            self.head
                .input_gradient(tools, pass.weights, (logits, &[]), false, d_picked);
            scatter(&scratch.d_picked, rows, pass.spec.hidden, &mut scratch.out);
        }
        let norm = self.norm_of(pass, &arena.tools);
        arena.scratch.dx[..wide].fill(0.0);
        let (out, dx) = (&arena.scratch.out[..wide], &mut arena.scratch.dx[..wide]);
        norm.backward(
            out,
            &arena.last[..wide],
            &arena.inverse_last[..pass.tokens()],
            dx,
        );
        sum_of(&arena.scratch.losses[..counted.len()], 0)
    }

    /// Losses and hits alone.
    pub(super) fn judge(&self, pass: &Pass<'_>, arena: &mut Arena) -> LossSum {
        let counted = self.normalise(pass, arena);
        let chunk = logit_rows(pass.spec.vocabulary, arena.tokens_max);
        let mut correct = 0;
        for (i, rows) in counted.chunks(chunk).enumerate() {
            self.logits_of(pass, &mut arena.tools, &mut arena.scratch, rows);
            correct += judge_rows(pass, &arena.tools, &mut arena.scratch, rows, i * chunk);
        }
        sum_of(&arena.scratch.losses[..counted.len()], correct)
    }

    /// Logits of all positions.
    pub(super) fn all_logits(&self, pass: &Pass<'_>, arena: &mut Arena) -> Vec<f32> {
        self.normalise(pass, arena);
        let all: Vec<usize> = (0..pass.tokens()).collect();
        let mut logits = Vec::with_capacity(pass.tokens() * pass.spec.vocabulary);
        for rows in all.chunks(logit_rows(pass.spec.vocabulary, arena.tokens_max)) {
            self.logits_of(pass, &mut arena.tools, &mut arena.scratch, rows);
            logits.extend_from_slice(&arena.scratch.logits[..rows.len() * pass.spec.vocabulary]);
        }
        if let Some(cap) = pass.spec.logit_cap {
            logits
                .iter_mut()
                .for_each(|l| *l = cap * libm::tanhf(*l / cap));
        }
        logits
    }

    fn norm_of<'a>(&'a self, pass: &Pass<'_>, tools: &Tools) -> Norm<'a> {
        Norm {
            isa: tools.isa,
            weight: &self.norm,
            epsilon: pass.spec.norm_epsilon,
        }
    }

    /// The final norm into `scratch.normed`; returns the positions that count.
    fn normalise(&self, pass: &Pass<'_>, arena: &mut Arena) -> Vec<usize> {
        let (n, wide) = (pass.tokens(), pass.tokens() * pass.spec.hidden);
        let norm = self.norm_of(pass, &arena.tools);
        let normed = &mut arena.scratch.normed[..wide];
        norm.forward(&arena.last[..wide], &mut arena.inverse_last[..n], normed);
        (0..n)
            .filter(|i| pass.batch.targets()[*i] != Batch::IGNORED)
            .collect()
    }

    fn logits_of(&self, pass: &Pass<'_>, tools: &mut Tools, scratch: &mut Scratch, rows: &[usize]) {
        let hidden = pass.spec.hidden;
        for (out, row) in scratch.picked.chunks_mut(hidden).zip(rows) {
            out.copy_from_slice(&scratch.normed[row * hidden..][..hidden]);
        }
        let picked = &scratch.picked[..rows.len() * hidden];
        self.head.forward(
            tools,
            pass.weights,
            (picked, &mut [], &mut scratch.logits),
            None,
        );
    }
}

fn row_of(pass: &Pass<'_>, position: usize) -> CrossEntropy {
    CrossEntropy {
        target: pass.batch.targets()[position] as usize,
        cap: pass.spec.logit_cap,
    }
}

/// Logits become their gradients.
fn differentiate(
    pass: &Pass<'_>,
    tools: &Tools,
    scratch: &mut Scratch,
    rows: &[usize],
    first: usize,
) {
    let vocabulary = pass.spec.vocabulary;
    let losses = &mut scratch.losses[first..first + rows.len()];
    let tasks = scratch
        .logits
        .par_chunks_mut(vocabulary)
        .zip(losses.par_iter_mut())
        .zip(rows.par_iter());
    tasks.for_each(|((logits, loss), row)| {
        *loss = cross_entropy(tools.isa, row_of(pass, *row), logits);
    });
}

fn judge_rows(
    pass: &Pass<'_>,
    tools: &Tools,
    scratch: &mut Scratch,
    rows: &[usize],
    first: usize,
) -> u64 {
    let vocabulary = pass.spec.vocabulary;
    let losses = &mut scratch.losses[first..first + rows.len()];
    let tasks = scratch
        .logits
        .par_chunks_mut(vocabulary)
        .zip(losses.par_iter_mut())
        .zip(rows.par_iter());
    let hit = |((logits, loss), row): ((&mut [f32], &mut f32), &usize)| {
        let (hit, own) = hit_and_loss(tools.isa, row_of(pass, *row), logits);
        *loss = own;
        u64::from(hit)
    };
    // Whole numbers: their sum has no order.
    tasks.map(hit).sum()
}

fn scatter(from: &[f32], rows: &[usize], hidden: usize, to: &mut [f32]) {
    for (from, row) in from.chunks(hidden).zip(rows) {
        to[row * hidden..][..hidden].copy_from_slice(from);
    }
}

fn sum_of(losses: &[f32], correct: u64) -> LossSum {
    let loss = losses.iter().fold(0.0, |sum, l| sum + f64::from(*l));
    LossSum {
        loss,
        labels: losses.len() as u64,
        correct,
    }
}
