//! The bf16 form of rows and panels: pairs of neighbours along the sum, two to a 32-bit word.
//!
//! Panels of pairs lie in the same scratch as panels of floats: a pair is carried as the bits of one f32, which is
//! only ever copied.

use std::ops::Range;

use rayon::prelude::*;

use super::rows::Rect;
use super::tools::PANEL;
use crate::kernel::{Isa, to_bf16_row, transpose_block};

/// Pairs of a source row handled at a time.
const STRIP: usize = 64;

/// Rounds `depth` columns of rows to bf16, rows `depth` apart.
pub(super) fn round_rows(isa: Isa, x: Rect<'_>, depth: usize, out: &mut [u16]) {
    out.par_chunks_mut(depth * 16)
        .enumerate()
        .for_each(|(task, out)| {
            for (i, out) in out.chunks_mut(depth).enumerate() {
                let from = &x.values[(task * 16 + i) * x.row + x.col..][..depth];
                to_bf16_row(isa, from, out);
            }
        });
}

fn carried(low: u16, high: u16) -> f32 {
    f32::from_bits(u32::from(low) | u32::from(high) << 16)
}

/// Rows `first..first + 32` of a bf16 matrix become the panel's columns: `[cols / 2][32]` pairs.
pub(super) fn sideways(isa: Isa, words: &[u16], cols: usize, first: usize, out: &mut [f32]) {
    let mut strip = [0.0; PANEL * STRIP];
    let here = (words.len() / cols).saturating_sub(first).min(PANEL);
    for (start, out) in (0..cols / 2)
        .step_by(STRIP)
        .zip(out.chunks_mut(STRIP * PANEL))
    {
        let depth = STRIP.min(cols / 2 - start);
        for j in 0..here {
            let row = &words[(first + j) * cols + 2 * start..][..2 * depth];
            let strip = strip[j * STRIP..].iter_mut();
            strip
                .zip(row.chunks_exact(2))
                .for_each(|(s, w)| *s = carried(w[0], w[1]));
        }
        transpose_block(isa, &strip, STRIP, depth, &mut out[..depth * PANEL]);
    }
}

/// Columns `first..first + 32` of rows 2k and 2k + 1 become row k of the panel.
pub(super) fn upright(
    words: &[u16],
    cols: usize,
    rows: Range<usize>,
    first: usize,
    out: &mut [f32],
) {
    let here = cols.saturating_sub(first).min(PANEL);
    for (row, out) in rows.step_by(2).zip(out.chunks_exact_mut(PANEL)) {
        let (low, high) = (
            &words[row * cols + first..],
            &words[(row + 1) * cols + first..],
        );
        for (out, (low, high)) in out[..here].iter_mut().zip(low.iter().zip(high)) {
            *out = carried(*low, *high);
        }
        out[here..].fill(0.0);
    }
}
