//! Rows of activations times packed panels, cut into tasks by rows.

use rayon::prelude::*;

use super::tools::PANEL;
use crate::kernel::{Isa, Product, multiply};

/// Depth of one pass: a panel strip of 32 x 256 floats fills the first-level cache.
const DEPTH: usize = 256;

/// Row-major rows, of which columns `col..` are used.
#[derive(Clone, Copy)]
pub(super) struct Rect<'a> {
    pub(super) values: &'a [f32],
    pub(super) row: usize,
    pub(super) col: usize,
}

/// One product of rows with panels.
#[derive(Clone, Copy)]
pub(super) struct Sweep<'a> {
    pub(super) isa: Isa,
    pub(super) task_rows: usize,
    pub(super) x: Rect<'a>,
    pub(super) depth: usize,
    /// More columns of the sum: an adapter's low-rank activations and how many.
    pub(super) border: Option<(Rect<'a>, usize)>,
    pub(super) panels: &'a [f32],
    /// Columns of the result, from `y_col` on.
    pub(super) cols: usize,
    pub(super) y_row: usize,
    pub(super) y_col: usize,
    pub(super) accumulate: bool,
}

impl Sweep<'_> {
    pub(super) fn run(self, y: &mut [f32]) {
        y.par_chunks_mut(self.task_rows * self.y_row)
            .enumerate()
            .for_each(|(task, y)| {
                let rows = y.len() / self.y_row;
                self.rows(task * self.task_rows, rows, y);
            });
    }

    fn rows(&self, first: usize, rows: usize, y: &mut [f32]) {
        let border = self.border.map_or(0, |(_, rank)| rank);
        let panel_len = (self.depth + border) * PANEL;
        for (i, panel) in self
            .panels
            .chunks(panel_len)
            .take(self.cols.div_ceil(PANEL))
            .enumerate()
        {
            let n = PANEL.min(self.cols - i * PANEL);
            let y = &mut y[self.y_col + i * PANEL..];
            for k in (0..self.depth).step_by(DEPTH) {
                let depth = DEPTH.min(self.depth - k);
                let start = (self.x, k, first);
                self.tile(
                    start,
                    (rows, n, depth),
                    &panel[k * PANEL..],
                    self.accumulate || k > 0,
                    y,
                );
            }
            if let Some((h, rank)) = self.border {
                self.tile(
                    (h, 0, first),
                    (rows, n, rank),
                    &panel[self.depth * PANEL..],
                    true,
                    y,
                );
            }
        }
    }

    fn tile(
        &self,
        (x, k, first): (Rect<'_>, usize, usize),
        (m, n, depth): (usize, usize, usize),
        b: &[f32],
        accumulate: bool,
        y: &mut [f32],
    ) {
        let a = &x.values[first * x.row + x.col + k..];
        let product = Product {
            a,
            a_row: x.row,
            a_col: 1,
            b,
            b_row: PANEL,
            m,
            n,
            k: depth,
            accumulate,
        };
        multiply(self.isa, product, y, self.y_row);
    }
}
