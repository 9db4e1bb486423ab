//! The gradient of a group's input: dx = dy W + dh A, in stretches of outputs whose panels fit.

use super::linear::Group;
use super::pack::{fill, upright};
use super::pairs;
use super::rows::{Rect, Rows, Sweep};
use super::tools::{PANEL, Tools};

/// A stretch of outputs that dx is summed over.
#[derive(Clone, Copy)]
struct Piece {
    k: usize,
    depth: usize,
    rank: usize,
}

impl Group {
    /// dx = dy W, and + dh A as a border unless dropout stands between.
    pub(super) fn input_gradient(
        &self,
        tools: &mut Tools,
        weights: &[f32],
        (dy, dh): (&[f32], &[f32]),
        bordered: bool,
        dx: &mut [f32],
    ) {
        let rank = if bordered { self.rank } else { 0 };
        let all = self.inputs.div_ceil(PANEL) * PANEL;
        // All panels of as many outputs as fit, or of 512 and fewer panels.
        let depth_max = (tools.panels.len() / all)
            .saturating_sub(rank)
            .clamp(512, self.outputs.max(512))
            & !1;
        for k in (0..self.outputs).step_by(depth_max) {
            let depth = depth_max.min(self.outputs - k);
            let last = k + depth == self.outputs;
            let piece = Piece {
                k,
                depth,
                rank: if last { rank } else { 0 },
            };
            self.input_gradient_piece(tools, weights, (dy, dh), piece, dx);
        }
    }

    fn input_gradient_piece(
        &self,
        tools: &mut Tools,
        weights: &[f32],
        (dy, dh): (&[f32], &[f32]),
        piece: Piece,
        dx: &mut [f32],
    ) {
        let tokens = dy.len() / self.outputs;
        let (isa, task_rows, in_pairs) = (tools.isa, tools.task_rows(tokens), self.in_pairs(tools));
        let rows = Rect {
            values: dy,
            row: self.outputs,
            col: piece.k,
        };
        if in_pairs {
            pairs::round_rows(
                isa,
                rows,
                piece.depth,
                &mut tools.words[..tokens * piece.depth],
            );
        }
        let main = piece.depth / if in_pairs { 2 } else { 1 };
        let total = main + piece.rank;
        let at_once = (tools.panels.len() / (total * PANEL)).max(1) * PANEL;
        for first in (0..self.inputs).step_by(at_once) {
            let cols = at_once.min(self.inputs - first);
            let panels = &mut tools.panels[..cols.div_ceil(PANEL) * total * PANEL];
            fill(panels, total, |i, panel| {
                let (main, low) = panel.split_at_mut(main * PANEL);
                self.pack_outputs(
                    in_pairs,
                    piece.k..piece.k + piece.depth,
                    first + i * PANEL,
                    main,
                );
                if piece.rank > 0 {
                    upright(
                        &self.stack(weights),
                        0..piece.rank,
                        first + i * PANEL,
                        self.inputs,
                        low,
                    );
                }
            });
            let words = &tools.words;
            Sweep {
                isa,
                task_rows,
                x: if in_pairs {
                    Rows::Pairs(&words[..tokens * piece.depth])
                } else {
                    Rows::Floats(rows)
                },
                depth: piece.depth,
                border: (piece.rank > 0).then_some((
                    Rect {
                        values: dh,
                        row: self.rank,
                        col: 0,
                    },
                    piece.rank,
                )),
                panels,
                cols,
                y_row: self.inputs,
                y_col: first,
                accumulate: piece.k > 0,
            }
            .run(&mut dx[..tokens * self.inputs]);
        }
    }

    /// Rows `range` of all parts' weights one after the other, two to a word where they go in pairs.
    fn pack_outputs(
        &self,
        in_pairs: bool,
        range: std::ops::Range<usize>,
        first: usize,
        out: &mut [f32],
    ) {
        let per_word = if in_pairs { 2 } else { 1 };
        for part in &self.parts {
            let from = range.start.max(part.col);
            let to = range.end.min(part.col + part.weight.rows());
            if from >= to {
                continue;
            }
            let at = |row: usize| (row - range.start) / per_word * PANEL;
            let out = &mut out[at(from)..at(to)];
            match part.weight.bf16_words().filter(|_| in_pairs) {
                Some(words) => pairs::upright(
                    words,
                    self.inputs,
                    from - part.col..to - part.col,
                    first,
                    out,
                ),
                None => upright(
                    &part.weight,
                    from - part.col..to - part.col,
                    first,
                    self.inputs,
                    out,
                ),
            }
        }
    }
}
