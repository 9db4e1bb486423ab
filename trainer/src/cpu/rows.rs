//! Rows of activations times packed panels, cut into tasks by rows.

use rayon::prelude::*;

use super::tools::PANEL;
use crate::kernel::{Isa, PairProduct, Product, multiply, multiply_pairs};

/// Depth of one pass: a panel strip of 32 x 128 words and twelve rows of it stay in a first-level cache of 32 KB.
const DEPTH: usize = 128;

/// Row-major rows, of which columns `col..` are used.
#[derive(Clone, Copy)]
pub(super) struct Rect<'a> {
    pub(super) values: &'a [f32],
    pub(super) row: usize,
    pub(super) col: usize,
}

/// What is multiplied with the panels.
#[derive(Clone, Copy)]
pub(super) enum Rows<'a> {
    Floats(Rect<'a>),
    /// Rounded to bf16, rows without gaps; the panels hold pairs.
    Pairs(&'a [u16]),
}

/// One product of rows with panels.
#[derive(Clone, Copy)]
pub(super) struct Sweep<'a> {
    pub(super) isa: Isa,
    pub(super) task_rows: usize,
    pub(super) x: Rows<'a>,
    /// How many values of each row.
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

/// Rows of a task and columns of a panel: the extent of one product.
#[derive(Clone, Copy)]
struct Extent {
    first: usize,
    rows: usize,
    cols: usize,
}

impl Sweep<'_> {
    pub(super) fn run(self, y: &mut [f32]) {
        let task = self.task_rows * self.y_row;
        y.par_chunks_mut(task)
            .enumerate()
            .for_each(|(i, y)| self.task(i * self.task_rows, y));
    }

    /// Words of one panel row's main part.
    fn words(&self) -> usize {
        match self.x {
            Rows::Floats(_) => self.depth,
            Rows::Pairs(_) => self.depth / 2,
        }
    }

    fn task(&self, first: usize, y: &mut [f32]) {
        let rows = y.len() / self.y_row;
        let panel_len = (self.words() + self.border.map_or(0, |(_, rank)| rank)) * PANEL;
        for (i, panel) in self
            .panels
            .chunks(panel_len)
            .take(self.cols.div_ceil(PANEL))
            .enumerate()
        {
            let extent = Extent {
                first,
                rows,
                cols: PANEL.min(self.cols - i * PANEL),
            };
            self.panel(extent, panel, &mut y[self.y_col + i * PANEL..]);
        }
    }

    fn panel(&self, extent: Extent, panel: &[f32], y: &mut [f32]) {
        let words = self.words();
        for k in (0..words).step_by(DEPTH) {
            let (range, b) = (k..words.min(k + DEPTH), &panel[k * PANEL..]);
            let accumulate = self.accumulate || k > 0;
            match self.x {
                Rows::Floats(x) => self.floats(x, extent, range, (b, accumulate), y),
                Rows::Pairs(x) => self.pairs(x, extent, range, (b, accumulate), y),
            }
        }
        if let Some((h, rank)) = self.border {
            self.floats(h, extent, 0..rank, (&panel[words * PANEL..], true), y);
        }
    }

    fn floats(
        &self,
        x: Rect<'_>,
        extent: Extent,
        range: std::ops::Range<usize>,
        (b, accumulate): (&[f32], bool),
        y: &mut [f32],
    ) {
        let product = Product {
            a: &x.values[extent.first * x.row + x.col + range.start..],
            a_row: x.row,
            a_col: 1,
            b,
            b_row: PANEL,
            m: extent.rows,
            n: extent.cols,
            k: range.len(),
            accumulate,
        };
        multiply(self.isa, product, y, self.y_row);
    }

    fn pairs(
        &self,
        x: &[u16],
        extent: Extent,
        range: std::ops::Range<usize>,
        (b, accumulate): (&[f32], bool),
        y: &mut [f32],
    ) {
        let product = PairProduct {
            a: &x[extent.first * self.depth + 2 * range.start..],
            a_row: self.depth,
            b,
            m: extent.rows,
            n: extent.cols,
            pairs: range.len(),
            accumulate,
        };
        multiply_pairs(self.isa, product, y, self.y_row);
    }
}
