//! Causal attention within documents, a block of queries at a time; keys that no query of the block sees are skipped.

use std::ops::Range;

use rayon::prelude::*;

use super::tools::{PANEL, Tools, Workers};
use crate::batch::Batch;
use crate::kernel::{Isa, Product, ScoreRow, multiply, scale, softmax_row, transpose_block};
use crate::model::ModelSpec;

/// Queries of a block: four tiles of twelve rows.
pub(super) const QUERIES: usize = 48;

/// One layer's attention over a batch.
#[derive(Clone, Copy)]
pub(super) struct Attention<'a> {
    pub(super) isa: Isa,
    pub(super) spec: &'a ModelSpec,
    pub(super) batch: &'a Batch,
    pub(super) window: Option<usize>,
}

/// A block of queries of one document and the keys that any of them sees, all counted from the batch's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) queries: Range<usize>,
    pub(super) keys: Range<usize>,
}

/// Floats of scratch a worker needs: two packed operands, three blocks of scores.
pub(super) fn worker_floats(spec: &ModelSpec, longest: usize) -> usize {
    let keys = longest.div_ceil(PANEL) * PANEL;
    2 * keys * spec.head_dim + 3 * QUERIES * keys
}

impl Attention<'_> {
    pub(super) fn tokens(&self) -> usize {
        self.batch.len()
    }

    /// Reads heads, writes rows of outputs and the log-sum of each query's scores `[heads][tokens]`.
    pub(super) fn forward(
        &self,
        tools: &Tools,
        [q, k, v]: [&[f32]; 3],
        heads: &mut [f32],
        (o, lse): (&mut [f32], &mut [f32]),
    ) {
        let len = self.tokens() * self.spec.head_dim;
        let group = self.spec.heads / self.spec.kv_heads;
        let workers = tools.workers();
        let tasks = heads
            .par_chunks_mut(len)
            .zip(lse.par_chunks_mut(self.tokens()))
            .enumerate();
        tasks.for_each(|(head, (out, lse))| {
            let of = |head: usize| head * len..(head + 1) * len;
            let kv = of(head / group);
            self.head(workers, [&q[of(head)], &k[kv.clone()], &v[kv]], out, lse);
        });
        self.gather_rows(heads, o);
    }

    fn head(&self, workers: Workers<'_>, [q, k, v]: [&[f32]; 3], out: &mut [f32], lse: &mut [f32]) {
        Tools::with_worker(&workers, |scratch| {
            for document in self.batch.documents() {
                let (panels, scores) = scratch.split_at_mut(self.panel_floats(document.len()));
                self.pack(&document, k, panels);
                for block in self.blocks(&document) {
                    self.scores(&block, &document, q, panels, scores);
                    self.mix(&block, (v, scores), out, lse);
                }
            }
        });
    }

    pub(super) fn panel_floats(&self, keys: usize) -> usize {
        keys.div_ceil(PANEL) * PANEL * self.spec.head_dim
    }

    /// The distance between rows of scores.
    pub(super) fn score_row(document: &Range<usize>) -> usize {
        document.len().div_ceil(PANEL) * PANEL
    }

    /// Keys (or values) of a document on their side: panels `[head_dim][32]`.
    pub(super) fn pack(&self, document: &Range<usize>, from: &[f32], panels: &mut [f32]) {
        let dim = self.spec.head_dim;
        let rows = &from[document.start * dim..document.end * dim];
        for (rows, panel) in rows.chunks(PANEL * dim).zip(panels.chunks_mut(PANEL * dim)) {
            if rows.len() == PANEL * dim {
                transpose_block(self.isa, rows, dim, dim, panel);
            } else {
                let value = |i: usize| rows.get(i % PANEL * dim + i / PANEL).copied();
                panel
                    .iter_mut()
                    .enumerate()
                    .for_each(|(i, out)| *out = value(i).unwrap_or(0.0));
            }
        }
    }

    pub(super) fn blocks(&self, document: &Range<usize>) -> impl Iterator<Item = Block> + use<> {
        let (document, window) = (document.clone(), self.window);
        document.clone().step_by(QUERIES).map(move |start| {
            let end = (start + QUERIES).min(document.end);
            let back = window.map_or(document.start, |w| {
                (start + 1).saturating_sub(w).max(document.start)
            });
            // Whole panels: the first visible one begins at a multiple of 32 keys of the document.
            let first = document.start + (back - document.start) / PANEL * PANEL;
            Block {
                queries: start..end,
                keys: first..end,
            }
        })
    }

    /// Raw scores of a block against panels of its document; column 0 is the block's first key.
    pub(super) fn scores(
        &self,
        block: &Block,
        document: &Range<usize>,
        q: &[f32],
        panels: &[f32],
        scores: &mut [f32],
    ) {
        let dim = self.spec.head_dim;
        self.times_panels(
            block,
            document,
            (&q[block.queries.start * dim..], dim),
            panels,
            scores,
        );
    }

    /// rows · panelsᵀ for the block's queries and keys.
    pub(super) fn times_panels(
        &self,
        block: &Block,
        document: &Range<usize>,
        (rows, row): (&[f32], usize),
        panels: &[f32],
        out: &mut [f32],
    ) {
        let (dim, out_row) = (self.spec.head_dim, Self::score_row(document));
        let skipped = (block.keys.start - document.start) * dim;
        let keys = block.keys.len();
        for (i, panel) in panels[skipped..]
            .chunks(PANEL * dim)
            .take(keys.div_ceil(PANEL))
            .enumerate()
        {
            let product = Product {
                a: rows,
                a_row: row,
                a_col: 1,
                b: panel,
                b_row: PANEL,
                m: block.queries.len(),
                n: PANEL.min(keys - i * PANEL),
                k: dim,
                accumulate: false,
            };
            multiply(self.isa, product, &mut out[i * PANEL..], out_row);
        }
    }

    /// The part of a row of scores that its query sees.
    pub(super) fn visible(&self, block: &Block, document: &Range<usize>, query: usize) -> ScoreRow {
        let back = self
            .window
            .map_or(document.start, |w| (query + 1).saturating_sub(w));
        ScoreRow {
            from: back.max(block.keys.start) - block.keys.start,
            to: query + 1 - block.keys.start,
            scale: self.spec.attention_scale,
            cap: self.spec.attention_cap,
        }
    }

    fn mix(
        &self,
        block: &Block,
        (v, scores): (&[f32], &mut [f32]),
        out: &mut [f32],
        lse: &mut [f32],
    ) {
        let dim = self.spec.head_dim;
        let document = self.document_of(block);
        let row = Self::score_row(&document);
        let mut inverses = [0.0; QUERIES];
        for (i, query) in block.queries.clone().enumerate() {
            let part = self.visible(block, &document, query);
            let line = &mut scores[i * row..][..block.keys.len()];
            (inverses[i], lse[query]) = softmax_row(self.isa, part, line);
        }
        let product = Product {
            a: scores,
            a_row: row,
            a_col: 1,
            b: &v[block.keys.start * dim..],
            b_row: dim,
            m: block.queries.len(),
            n: dim,
            k: block.keys.len(),
            accumulate: false,
        };
        let out = &mut out[block.queries.start * dim..block.queries.end * dim];
        multiply(self.isa, product, out, dim);
        for (out, inverse) in out.chunks_mut(dim).zip(inverses) {
            scale(self.isa, inverse, out);
        }
    }

    fn document_of(&self, block: &Block) -> Range<usize> {
        let segment = self.batch.segments()[block.queries.start] as usize;
        let starts = self.batch.starts();
        starts[segment] as usize..starts[segment + 1] as usize
    }

    /// `[heads][tokens][head_dim]` to `[tokens][heads · head_dim]`.
    fn gather_rows(&self, heads: &[f32], o: &mut [f32]) {
        let (dim, tokens) = (self.spec.head_dim, self.tokens());
        o.par_chunks_mut(12 * self.spec.q_len())
            .enumerate()
            .for_each(|(task, o)| {
                for (i, row) in o.chunks_mut(self.spec.q_len()).enumerate() {
                    for (head, out) in row.chunks_mut(dim).enumerate() {
                        out.copy_from_slice(&heads[(head * tokens + task * 12 + i) * dim..][..dim]);
                    }
                }
            });
    }
}
