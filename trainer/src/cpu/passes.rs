//! Passes over rows of activations, in parallel.

use rayon::prelude::*;

use crate::kernel::{
    Activation, Isa, add, gate, gate_backward, norm_backward, norm_forward, norm_row,
};

/// Rows of one task.
const ROWS: usize = 16;

/// A frozen RMS norm.
#[derive(Clone, Copy)]
pub(super) struct Norm<'a> {
    pub(super) isa: Isa,
    pub(super) weight: &'a [f32],
    pub(super) epsilon: f32,
}

impl Norm<'_> {
    pub(super) fn forward(&self, x: &[f32], inverse: &mut [f32], y: &mut [f32]) {
        let d = self.weight.len();
        y.par_chunks_mut(ROWS * d)
            .zip(x.par_chunks(ROWS * d))
            .zip(inverse.par_chunks_mut(ROWS))
            .for_each(|((y, x), inverse)| {
                for ((y, x), inverse) in y.chunks_mut(d).zip(x.chunks(d)).zip(inverse) {
                    *inverse = norm_forward(self.isa, x, self.weight, self.epsilon, y);
                }
            });
    }

    pub(super) fn again(&self, x: &[f32], inverse: &[f32], y: &mut [f32]) {
        let d = self.weight.len();
        y.par_chunks_mut(ROWS * d)
            .zip(x.par_chunks(ROWS * d))
            .zip(inverse.par_chunks(ROWS))
            .for_each(|((y, x), inverse)| {
                for ((y, x), inverse) in y.chunks_mut(d).zip(x.chunks(d)).zip(inverse) {
                    norm_row(self.isa, x, self.weight, *inverse, y);
                }
            });
    }

    /// Adds to dx.
    pub(super) fn backward(&self, dy: &[f32], x: &[f32], inverse: &[f32], dx: &mut [f32]) {
        let d = self.weight.len();
        let tasks = dx
            .par_chunks_mut(ROWS * d)
            .zip(dy.par_chunks(ROWS * d))
            .zip(x.par_chunks(ROWS * d));
        tasks
            .zip(inverse.par_chunks(ROWS))
            .for_each(|(((dx, dy), x), inverse)| {
                for (((dx, dy), x), inverse) in dx
                    .chunks_mut(d)
                    .zip(dy.chunks(d))
                    .zip(x.chunks(d))
                    .zip(inverse)
                {
                    norm_backward(self.isa, dy, x, self.weight, *inverse, dx);
                }
            });
    }
}

/// out = x + y.
pub(super) fn sum(isa: Isa, x: &[f32], y: &[f32], out: &mut [f32]) {
    let task = 1 << 14;
    out.par_chunks_mut(task)
        .zip(x.par_chunks(task))
        .zip(y.par_chunks(task))
        .for_each(|((out, x), y)| {
            out.copy_from_slice(x);
            add(isa, y, out);
        });
}

/// out = act(gate) · up, where each row of `gate_up` holds both.
pub(super) fn gate_rows(isa: Isa, act: Activation, width: usize, gate_up: &[f32], out: &mut [f32]) {
    out.par_chunks_mut(ROWS * width)
        .zip(gate_up.par_chunks(2 * ROWS * width))
        .for_each(|(out, both)| {
            for (out, both) in out.chunks_mut(width).zip(both.chunks(2 * width)) {
                gate(isa, act, &both[..width], &both[width..], out);
            }
        });
}

/// The gradients of gate and up, in place of them.
pub(super) fn gate_rows_backward(
    isa: Isa,
    act: Activation,
    width: usize,
    grad: &[f32],
    gate_up: &mut [f32],
) {
    gate_up
        .par_chunks_mut(2 * ROWS * width)
        .zip(grad.par_chunks(ROWS * width))
        .for_each(|(both, grad)| {
            for (both, grad) in both.chunks_mut(2 * width).zip(grad.chunks(width)) {
                let (gate, up) = both.split_at_mut(width);
                gate_backward(isa, act, grad, gate, up);
            }
        });
}
