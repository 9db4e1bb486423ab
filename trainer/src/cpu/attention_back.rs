//! Attention's backward: probabilities again from q and k, then dV = Pᵀ dO, dS = P (dO Vᵀ - D), dQ = dS K, dK = dSᵀ Q.

use std::ops::Range;

use rayon::prelude::*;

use super::attention::{Attention, Block, QUERIES};
use super::tools::{Tools, Workers};
use crate::kernel::{Product, dot, multiply, score_gradient, softmax_probabilities};

/// What the forward kept, and the gradient of the output rows.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a> {
    pub(super) q: &'a [f32],
    pub(super) k: &'a [f32],
    pub(super) v: &'a [f32],
    pub(super) o: &'a [f32],
    pub(super) lse: &'a [f32],
    pub(super) d_o: &'a [f32],
}

/// Gradients of the heads, head-major.
pub(super) struct HeadGradients<'a> {
    pub(super) dq: &'a mut [f32],
    pub(super) dk: &'a mut [f32],
    pub(super) dv: &'a mut [f32],
}

/// One key head and the query heads that read it.
struct Task<'a> {
    kv: usize,
    dq: &'a mut [f32],
    dk: &'a mut [f32],
    dv: &'a mut [f32],
}

/// Scratch of one block.
struct Scores<'a> {
    p: &'a mut [f32],
    ds: &'a mut [f32],
    slope: &'a mut [f32],
}

impl Attention<'_> {
    /// A task owns a key head for all query heads of its group, so every sum has one order.
    pub(super) fn backward(&self, tools: &Tools, kept: Kept<'_>, out: HeadGradients<'_>) {
        let len = self.tokens() * self.spec.head_dim;
        let group = self.spec.heads / self.spec.kv_heads;
        let workers = tools.workers();
        let kv = out.dk.par_chunks_mut(len).zip(out.dv.par_chunks_mut(len));
        out.dq
            .par_chunks_mut(group * len)
            .zip(kv)
            .enumerate()
            .for_each(|(kv, (dq, (dk, dv)))| {
                self.key_head(workers, kept, Task { kv, dq, dk, dv });
            });
    }

    fn key_head(&self, workers: Workers<'_>, kept: Kept<'_>, task: Task<'_>) {
        let len = self.tokens() * self.spec.head_dim;
        let range = task.kv * len..(task.kv + 1) * len;
        let group = self.spec.heads / self.spec.kv_heads;
        let kept = Kept {
            k: &kept.k[range.clone()],
            v: &kept.v[range],
            ..kept
        };
        task.dk.fill(0.0);
        task.dv.fill(0.0);
        Tools::with_worker(&workers, |scratch| {
            for document in self.batch.documents() {
                let floats = self.panel_floats(document.len());
                let (keys, rest) = scratch.split_at_mut(floats);
                let (values, rest) = rest.split_at_mut(floats);
                self.pack(&document, kept.k, keys);
                self.pack(&document, kept.v, values);
                for (i, dq) in task.dq.chunks_mut(len).enumerate() {
                    let head = task.kv * group + i;
                    self.query_head(
                        head,
                        &document,
                        kept,
                        (keys, values),
                        rest,
                        (dq, task.dk, task.dv),
                    );
                }
            }
        });
    }

    fn query_head(
        &self,
        head: usize,
        document: &Range<usize>,
        kept: Kept<'_>,
        (keys, values): (&[f32], &[f32]),
        scratch: &mut [f32],
        (dq, dk, dv): (&mut [f32], &mut [f32], &mut [f32]),
    ) {
        let size = QUERIES * Self::score_row(document);
        let (p, rest) = scratch.split_at_mut(size);
        let (ds, slope) = rest.split_at_mut(size);
        let mut scores = Scores { p, ds, slope };
        let len = self.tokens() * self.spec.head_dim;
        let kept = Kept {
            q: &kept.q[head * len..(head + 1) * len],
            lse: &kept.lse[head * self.tokens()..][..self.tokens()],
            ..kept
        };
        for block in self.blocks(document) {
            self.scores(&block, document, kept.q, keys, scores.p);
            let d_o = (
                &kept.d_o[self.row_at(block.queries.start, head)..],
                self.spec.q_len(),
            );
            self.times_panels(&block, document, d_o, values, scores.ds);
            self.differentiate(head, &block, document, kept, &mut scores);
            self.gather(
                head,
                &block,
                document,
                kept,
                &scores,
                (&mut *dq, &mut *dk, &mut *dv),
            );
        }
    }

    /// Where a head's part of a token's row begins.
    fn row_at(&self, token: usize, head: usize) -> usize {
        token * self.spec.q_len() + head * self.spec.head_dim
    }

    /// Raw scores become probabilities, dP becomes dS.
    fn differentiate(
        &self,
        head: usize,
        block: &Block,
        document: &Range<usize>,
        kept: Kept<'_>,
        scores: &mut Scores<'_>,
    ) {
        let (dim, row, keys) = (
            self.spec.head_dim,
            Self::score_row(document),
            block.keys.len(),
        );
        for (i, query) in block.queries.clone().enumerate() {
            let part = self.visible(block, document, query);
            let at = self.row_at(query, head);
            let line = i * row..i * row + keys;
            let slope = if part.cap.is_some() {
                &mut scores.slope[line.clone()]
            } else {
                &mut []
            };
            let p = &mut scores.p[line.clone()];
            softmax_probabilities(self.isa, part, kept.lse[query], p, slope);
            let d = dot(self.isa, &kept.o[at..at + dim], &kept.d_o[at..at + dim]);
            score_gradient(self.isa, part, p, slope, d, &mut scores.ds[line]);
        }
    }

    fn gather(
        &self,
        head: usize,
        block: &Block,
        document: &Range<usize>,
        kept: Kept<'_>,
        scores: &Scores<'_>,
        (dq, dk, dv): (&mut [f32], &mut [f32], &mut [f32]),
    ) {
        let (dim, row) = (self.spec.head_dim, Self::score_row(document));
        let (queries, keys) = (block.queries.len(), block.keys.len());
        let product = Product {
            a: scores.ds,
            a_row: row,
            a_col: 1,
            b: &kept.k[block.keys.start * dim..],
            b_row: dim,
            m: queries,
            n: dim,
            k: keys,
            accumulate: false,
        };
        multiply(self.isa, product, &mut dq[block.queries.start * dim..], dim);
        let turned = Product {
            a_row: 1,
            a_col: row,
            m: keys,
            k: queries,
            accumulate: true,
            ..product
        };
        let dk_product = Product {
            b: &kept.q[block.queries.start * dim..],
            ..turned
        };
        multiply(self.isa, dk_product, &mut dk[block.keys.start * dim..], dim);
        let d_o = &kept.d_o[self.row_at(block.queries.start, head)..];
        let dv_product = Product {
            a: scores.p,
            b: d_o,
            b_row: self.spec.q_len(),
            ..turned
        };
        multiply(self.isa, dv_product, &mut dv[block.keys.start * dim..], dim);
    }
}
