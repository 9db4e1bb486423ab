//! The backward of a group: dh = s dy B, dx = dy W + dh A, dA = dhᵀ x, dB = s dyᵀ h. No gradient of W.

use rayon::prelude::*;

use super::dropout::Dropout;
use super::linear::{Group, Low, Part, thin_rows};
use super::pack::{Scaled, fill, upright};
use super::rows::{Rect, Rows, Sweep};
use super::tools::{PANEL, Tools};
use crate::kernel::{Product, multiply};

/// What the forward kept and what comes back.
#[derive(Clone, Copy)]
pub(super) struct Back<'a> {
    pub(super) x: &'a [f32],
    pub(super) h: &'a [f32],
    pub(super) dy: &'a [f32],
    pub(super) dropout: Option<&'a Dropout>,
}

impl Group {
    /// Adds to the gradients of the adapters; writes dx where it is wanted.
    pub(super) fn backward(
        &self,
        tools: &mut Tools,
        weights: &[f32],
        back: Back<'_>,
        (dh, gradients): (&mut [f32], &mut [f32]),
        dx: Option<&mut [f32]>,
    ) {
        let tokens = back.dy.len() / self.outputs;
        for (part, low) in self.lows() {
            let rows = part.weight.rows();
            let b = Scaled {
                values: &weights[low.b..][..low.rank * rows],
                cols: rows,
                factor: low.scale,
            };
            let dy = Rect {
                values: back.dy,
                row: self.outputs,
                col: part.col,
            };
            thin_rows(tools, b, dy, (self.rank, low.first), dh);
        }
        let dh = &dh[..tokens * self.rank];
        for (part, low) in self.lows() {
            self.gradient_of_a(tools, low, back, dh, gradients);
            self.gradient_of_b(tools, part, low, back, gradients);
        }
        if let Some(dx) = dx {
            self.input_gradient(tools, weights, (back.dy, dh), back.dropout.is_none(), dx);
            if let Some(dropout) = back.dropout {
                self.dropped_input_gradient(tools, weights, dh, dropout, dx);
            }
        }
    }

    fn gradient_of_a(
        &self,
        tools: &mut Tools,
        low: Low,
        back: Back<'_>,
        dh: &[f32],
        gradients: &mut [f32],
    ) {
        let mut dropped = std::mem::take(&mut tools.dropped);
        let x = match back.dropout {
            None => back.x,
            Some(d) => d.apply(
                tools.task_rows(1),
                low.which,
                self.inputs,
                back.x,
                &mut dropped,
            ),
        };
        let x = Rect {
            values: x,
            row: self.inputs,
            col: 0,
        };
        let dh = Rect {
            values: dh,
            row: self.rank,
            col: low.first,
        };
        let out = &mut gradients[low.a..][..low.rank * self.inputs];
        outer(tools, (dh, x), (low.rank, 1.0), out);
        tools.dropped = dropped;
    }

    fn gradient_of_b(
        &self,
        tools: &mut Tools,
        part: &Part,
        low: Low,
        back: Back<'_>,
        gradients: &mut [f32],
    ) {
        let dy = Rect {
            values: back.dy,
            row: self.outputs,
            col: part.col,
        };
        let h = Rect {
            values: back.h,
            row: self.rank,
            col: low.first,
        };
        let out = &mut gradients[low.b..][..low.rank * part.weight.rows()];
        outer(tools, (h, dy), (low.rank, low.scale), out);
    }

    fn dropped_input_gradient(
        &self,
        tools: &mut Tools,
        weights: &[f32],
        dh: &[f32],
        dropout: &Dropout,
        dx: &mut [f32],
    ) {
        let mut back = std::mem::take(&mut tools.dropped);
        let tokens = dh.len() / self.rank.max(1);
        for (_, low) in self.lows() {
            let a = &weights[low.a..][..low.rank * self.inputs];
            let dh = Rect {
                values: dh,
                row: self.rank,
                col: low.first,
            };
            self.through_a(tools, a, dh, low.rank, &mut back[..tokens * self.inputs]);
            let rows = tools.task_rows(1);
            dropout.add_masked(
                rows,
                low.which,
                self.inputs,
                &back,
                &mut dx[..tokens * self.inputs],
            );
        }
        tools.dropped = back;
    }

    fn through_a(&self, tools: &mut Tools, a: &[f32], dh: Rect<'_>, rank: usize, out: &mut [f32]) {
        let rows = Scaled {
            values: a,
            cols: self.inputs,
            factor: 1.0,
        };
        let panels = &mut tools.panels[..self.inputs.div_ceil(PANEL) * rank * PANEL];
        fill(panels, rank, |i, panel| {
            upright(&rows, 0..rank, i * PANEL, self.inputs, panel);
        });
        Sweep {
            isa: tools.isa,
            task_rows: 96,
            x: Rows::Floats(dh),
            depth: rank,
            border: None,
            panels,
            cols: self.inputs,
            y_row: self.inputs,
            y_col: 0,
            accumulate: false,
        }
        .run(out);
    }
}

/// out[rank, cols] += scale · thinᵀ wide, summed over the tokens in their order.
fn outer(
    tools: &mut Tools,
    (thin, wide): (Rect<'_>, Rect<'_>),
    (rank, scale): (usize, f32),
    out: &mut [f32],
) {
    let (isa, cols) = (tools.isa, out.len() / rank);
    let tokens = wide.values.len() / wide.row;
    let scratch = &mut tools.thin[..cols.div_ceil(PANEL) * rank * PANEL];
    scratch
        .par_chunks_mut(rank * PANEL)
        .enumerate()
        .for_each(|(i, block)| {
            let product = Product {
                a: &thin.values[thin.col..],
                a_row: 1,
                a_col: thin.row,
                b: &wide.values[wide.col + i * PANEL..],
                b_row: wide.row,
                m: rank,
                n: PANEL.min(cols - i * PANEL),
                k: tokens,
                accumulate: false,
            };
            multiply(isa, product, block, PANEL);
        });
    for (r, row) in out.chunks_mut(cols).enumerate() {
        for (i, row) in row.chunks_mut(PANEL).enumerate() {
            let from = &scratch[(i * rank + r) * PANEL..];
            row.iter_mut().zip(from).for_each(|(o, v)| *o += scale * v);
        }
    }
}
