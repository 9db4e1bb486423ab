//! Frozen weights packed into panels of 32 columns, `[depth][32]`, right before they are multiplied.

use rayon::prelude::*;

use super::tools::PANEL;
use crate::kernel::{Isa, transpose_block};
use crate::model::Matrix;

/// Columns of a source row handled at a time.
const STRIP: usize = 64;

/// Fills panels of `depth` rows each, in parallel.
pub(super) fn fill(panels: &mut [f32], depth: usize, pack: impl Fn(usize, &mut [f32]) + Sync) {
    panels
        .par_chunks_mut(depth * PANEL)
        .enumerate()
        .for_each(|(i, panel)| pack(i, panel));
}

/// A source of rows for panels.
pub(super) trait Rows: Sync {
    fn count(&self) -> usize;
    fn read(&self, row: usize, col: usize, out: &mut [f32]);
}

impl Rows for Matrix {
    fn count(&self) -> usize {
        self.rows()
    }

    fn read(&self, row: usize, col: usize, out: &mut [f32]) {
        self.decode(row, col, out);
    }
}

/// Rows of an adapter, scaled.
#[derive(Clone, Copy)]
pub(super) struct Scaled<'a> {
    pub(super) values: &'a [f32],
    pub(super) cols: usize,
    pub(super) factor: f32,
}

impl Rows for Scaled<'_> {
    fn count(&self) -> usize {
        self.values.len() / self.cols
    }

    fn read(&self, row: usize, col: usize, out: &mut [f32]) {
        let from = &self.values[row * self.cols + col..][..out.len()];
        out.iter_mut()
            .zip(from)
            .for_each(|(o, v)| *o = v * self.factor);
    }
}

/// Rows `first..first + 32` become the panel's columns; what lies beyond the last row is zero.
pub(super) fn sideways(
    isa: Isa,
    rows: &dyn Rows,
    first: usize,
    cols: std::ops::Range<usize>,
    out: &mut [f32],
) {
    let mut strip = [0.0; PANEL * STRIP];
    let here = rows.count().saturating_sub(first).min(PANEL);
    let starts = cols.clone().step_by(STRIP);
    for (col, out) in starts.zip(out.chunks_mut(STRIP * PANEL)) {
        let depth = STRIP.min(cols.end - col);
        for j in 0..here {
            rows.read(first + j, col, &mut strip[j * STRIP..][..depth]);
        }
        transpose_block(isa, &strip, STRIP, depth, &mut out[..depth * PANEL]);
    }
}

/// Columns `first..first + 32` of the rows `range` become the panel as they are; beyond the last column is zero.
pub(super) fn upright(
    rows: &dyn Rows,
    range: std::ops::Range<usize>,
    first: usize,
    cols: usize,
    out: &mut [f32],
) {
    let here = cols.saturating_sub(first).min(PANEL);
    for (row, out) in range.zip(out.chunks_exact_mut(PANEL)) {
        rows.read(row, first, &mut out[..here]);
        out[here..].fill(0.0);
    }
}
