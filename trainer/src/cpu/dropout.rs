//! LoRA dropout, recomputed wherever it is needed.

use rayon::prelude::*;

use crate::backend::Place;
use crate::noise::{Noise, Stream};

/// Dropout of one micro-batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dropout {
    pub(super) probability: f32,
    pub(super) seed: u64,
    pub(super) place: Place,
}

impl Dropout {
    /// x with each value dropped or raised by 1 / (1 - p), written to `out`.
    pub(super) fn apply<'a>(
        &self,
        task_rows: usize,
        which: u32,
        cols: usize,
        x: &[f32],
        out: &'a mut [f32],
    ) -> &'a [f32] {
        let out = &mut out[..x.len()];
        let kept = 1.0 / (1.0 - self.probability);
        self.each(task_rows * cols, which, out, |i, keep| {
            if keep { x[i] * kept } else { 0.0 }
        });
        out
    }

    /// Multiplies what came back through the adapter by the same mask and adds it to `dx`.
    pub(super) fn add_masked(
        &self,
        task_rows: usize,
        which: u32,
        cols: usize,
        back: &[f32],
        dx: &mut [f32],
    ) {
        let kept = 1.0 / (1.0 - self.probability);
        let task = task_rows * cols;
        let noise = Noise::at(self.seed, Stream::Dropout, which, self.place);
        dx.par_chunks_mut(task).enumerate().for_each(|(t, dx)| {
            for (j, dx) in dx.iter_mut().enumerate() {
                let i = t * task + j;
                if noise.uniform(i as u64) >= self.probability {
                    *dx += back[i] * kept;
                }
            }
        });
    }

    fn each(
        &self,
        task: usize,
        which: u32,
        out: &mut [f32],
        value: impl Fn(usize, bool) -> f32 + Sync,
    ) {
        let noise = Noise::at(self.seed, Stream::Dropout, which, self.place);
        out.par_chunks_mut(task).enumerate().for_each(|(t, out)| {
            for (j, out) in out.iter_mut().enumerate() {
                let i = t * task + j;
                *out = value(i, noise.uniform(i as u64) >= self.probability);
            }
        });
    }
}
