//! Linear layers that share an input, with their adapters: y = x Wᵀ + b + s (x Aᵀ) Bᵀ.

use super::dropout::Dropout;
use super::pack::{Scaled, fill, sideways, upright};
use super::pairs;
use super::rows::{Rect, Rows, Sweep};
use super::tools::{PANEL, Tools};
use crate::model::Matrix;

/// An adapter on one layer of a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Low {
    pub(super) rank: usize,
    pub(super) scale: f32,
    /// Its first column among the group's low-rank activations.
    pub(super) first: usize,
    /// Where A and B begin in the flat vector.
    pub(super) a: usize,
    pub(super) b: usize,
    /// Tells its dropout from others'.
    pub(super) which: u32,
}

/// One layer of a group.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) weight: Matrix,
    pub(super) bias: Option<Vec<f32>>,
    pub(super) low: Option<Low>,
    /// Its first column among the group's outputs.
    pub(super) col: usize,
}

/// Layers side by side: one input, outputs one after the other.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) parts: Vec<Part>,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Sum of the adapters' ranks.
    pub(super) rank: usize,
}

impl Group {
    pub(super) fn lows(&self) -> impl Iterator<Item = (&Part, Low)> {
        self.parts.iter().filter_map(|p| p.low.map(|low| (p, low)))
    }

    /// All A's, which lie one after the other, as rows.
    pub(super) fn stack<'a>(&self, weights: &'a [f32]) -> Scaled<'a> {
        let start = self.lows().next().map_or(0, |(_, low)| low.a);
        let values = &weights[start..][..self.rank * self.inputs];
        Scaled {
            values,
            cols: self.inputs,
            factor: 1.0,
        }
    }

    /// Computes y and keeps the low-rank activations in h.
    pub(super) fn forward(
        &self,
        tools: &mut Tools,
        weights: &[f32],
        (x, h, y): (&[f32], &mut [f32], &mut [f32]),
        dropout: Option<&Dropout>,
    ) {
        let tokens = x.len() / self.inputs;
        if self.rank > 0 {
            match dropout {
                None => self.low_forward(tools, weights, x, h),
                Some(dropout) => self.dropped_low_forward(tools, weights, (x, h), dropout),
            }
        }
        self.add_bias(tokens, y);
        if self.in_pairs(tools) {
            let x = Rect {
                values: x,
                row: self.inputs,
                col: 0,
            };
            pairs::round_rows(
                tools.isa,
                x,
                self.inputs,
                &mut tools.words[..tokens * self.inputs],
            );
        }
        for part in &self.parts {
            self.part_forward(tools, part, weights, (x, h), y);
        }
    }

    fn low_forward(&self, tools: &mut Tools, weights: &[f32], x: &[f32], h: &mut [f32]) {
        thin_rows(
            tools,
            self.stack(weights),
            Rect {
                values: x,
                row: self.inputs,
                col: 0,
            },
            (self.rank, 0),
            h,
        );
    }

    fn dropped_low_forward(
        &self,
        tools: &mut Tools,
        weights: &[f32],
        (x, h): (&[f32], &mut [f32]),
        dropout: &Dropout,
    ) {
        let mut dropped = std::mem::take(&mut tools.dropped);
        for (_, low) in self.lows() {
            let x = dropout.apply(tools.task_rows(1), low.which, self.inputs, x, &mut dropped);
            let a = Scaled {
                values: &weights[low.a..][..low.rank * self.inputs],
                cols: self.inputs,
                factor: 1.0,
            };
            thin_rows(
                tools,
                a,
                Rect {
                    values: x,
                    row: self.inputs,
                    col: 0,
                },
                (self.rank, low.first),
                h,
            );
        }
        tools.dropped = dropped;
    }

    /// The sum starts from the bias.
    fn add_bias(&self, tokens: usize, y: &mut [f32]) {
        for part in &self.parts {
            let Some(bias) = &part.bias else { continue };
            for row in y[..tokens * self.outputs].chunks_mut(self.outputs) {
                row[part.col..][..bias.len()].copy_from_slice(bias);
            }
        }
    }

    /// Whether a group's products run on bf16 pairs: rows of x (or dy) are rounded, sums stay f32.
    pub(super) fn in_pairs(&self, tools: &Tools) -> bool {
        let even = |p: &Part| p.weight.rows().is_multiple_of(2) && p.weight.bf16_words().is_some();
        tools.pairs && self.inputs.is_multiple_of(2) && self.parts.iter().all(even)
    }

    fn part_forward(
        &self,
        tools: &mut Tools,
        part: &Part,
        weights: &[f32],
        (x, h): (&[f32], &[f32]),
        y: &mut [f32],
    ) {
        let (isa, rows, tokens) = (tools.isa, part.weight.rows(), x.len() / self.inputs);
        let task_rows = tools.task_rows(tokens);
        let border = part.low.map(|low| {
            (
                Rect {
                    values: h,
                    row: self.rank,
                    col: low.first,
                },
                low.rank,
            )
        });
        let b = part.low.map(|low| Self::scaled_b(part, low, weights));
        let words = part.weight.bf16_words().filter(|_| self.in_pairs(tools));
        let main = self.inputs / if words.is_some() { 2 } else { 1 };
        let depth = main + part.low.map_or(0, |low| low.rank);
        let source = match words {
            Some(_) => Rows::Pairs(&tools.words[..tokens * self.inputs]),
            None => Rows::Floats(Rect {
                values: x,
                row: self.inputs,
                col: 0,
            }),
        };
        let at_once = (tools.panels.len() / (depth * PANEL)).max(1) * PANEL;
        for first in (0..rows).step_by(at_once) {
            let cols = at_once.min(rows - first);
            let panels = &mut tools.panels[..cols.div_ceil(PANEL) * depth * PANEL];
            fill(panels, depth, |i, panel| {
                let (main, low) = panel.split_at_mut(main * PANEL);
                match words {
                    Some(words) => {
                        pairs::sideways(isa, words, self.inputs, first + i * PANEL, main);
                    }
                    None => sideways(isa, &part.weight, first + i * PANEL, 0..self.inputs, main),
                }
                if let Some(b) = b {
                    upright(&b, 0..low.len() / PANEL, first + i * PANEL, rows, low);
                }
            });
            Sweep {
                isa,
                task_rows,
                x: source,
                depth: self.inputs,
                border,
                panels,
                cols,
                y_row: self.outputs,
                y_col: part.col + first,
                accumulate: part.bias.is_some(),
            }
            .run(&mut y[..tokens * self.outputs]);
        }
    }

    /// B of a part, times its scale.
    fn scaled_b<'a>(part: &Part, low: Low, weights: &'a [f32]) -> Scaled<'a> {
        let rows = part.weight.rows();
        Scaled {
            values: &weights[low.b..][..low.rank * rows],
            cols: rows,
            factor: low.scale,
        }
    }
}

/// out(.., col + j) = the dot product of x with row j of `rows`: A and B are thin, so they are packed whole.
pub(super) fn thin_rows(
    tools: &mut Tools,
    rows: Scaled<'_>,
    x: Rect<'_>,
    (out_row, out_col): (usize, usize),
    out: &mut [f32],
) {
    let (isa, count) = (tools.isa, rows.values.len() / rows.cols);
    let tokens = x.values.len() / x.row;
    let task_rows = tools.task_rows(tokens);
    let at_once = (tools.panels.len() / (rows.cols * PANEL)).max(1) * PANEL;
    for first in (0..count).step_by(at_once) {
        let cols = at_once.min(count - first);
        let panels = &mut tools.panels[..cols.div_ceil(PANEL) * rows.cols * PANEL];
        fill(panels, rows.cols, |i, panel| {
            sideways(isa, &rows, first + i * PANEL, 0..rows.cols, panel);
        });
        Sweep {
            isa,
            task_rows,
            x: Rows::Floats(x),
            depth: rows.cols,
            border: None,
            panels,
            cols,
            y_row: out_row,
            y_col: out_col + first,
            accumulate: false,
        }
        .run(&mut out[..tokens * out_row]);
    }
}
