//! Between the projections' rows and attention's heads: split, normalise, rotate — and back.

use rayon::prelude::*;

use crate::kernel::{Isa, norm_backward, norm_forward, rotate};
use crate::model::{ModelSpec, RopeTable};

/// Longest head that the stack scratch holds.
pub(super) const HEAD_DIM_MAX: usize = 512;

/// What turns rows of q|k|v into heads in one layer.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) isa: Isa,
    pub(super) spec: &'a ModelSpec,
    pub(super) table: &'a RopeTable,
    pub(super) positions: &'a [u32],
    /// Weights of the norms over heads of q and of k.
    pub(super) norms: Option<(&'a [f32], &'a [f32])>,
}

/// Head-major `[heads][tokens][head_dim]`.
pub(super) struct Heads<'a> {
    pub(super) q: &'a mut [f32],
    pub(super) k: &'a mut [f32],
    pub(super) v: &'a mut [f32],
}

impl Turn<'_> {
    pub(super) fn forward(&self, qkv: &[f32], heads: Heads<'_>) {
        let (q_len, kv_len) = (self.spec.q_len(), self.spec.kv_len());
        self.turn(qkv, 0, self.norms.map(|n| n.0), heads.q);
        self.turn(qkv, q_len, self.norms.map(|n| n.1), heads.k);
        self.copy(qkv, q_len + kv_len, heads.v);
    }

    fn turn(&self, qkv: &[f32], col: usize, norm: Option<&[f32]>, out: &mut [f32]) {
        let (dim, row) = (self.spec.head_dim, self.spec.qkv_len());
        out.par_chunks_mut(self.positions.len() * dim)
            .enumerate()
            .for_each(|(head, out)| {
                for ((out, from), position) in
                    out.chunks_mut(dim).zip(qkv.chunks(row)).zip(self.positions)
                {
                    let from = &from[col + head * dim..][..dim];
                    match norm {
                        Some(weight) => {
                            norm_forward(self.isa, from, weight, self.spec.norm_epsilon, out);
                        }
                        None => out.copy_from_slice(from),
                    }
                    let (cos, sin) = self.table.at(*position as usize);
                    rotate(self.isa, 1.0, cos, sin, out);
                }
            });
    }

    fn copy(&self, qkv: &[f32], col: usize, out: &mut [f32]) {
        let (dim, row) = (self.spec.head_dim, self.spec.qkv_len());
        out.par_chunks_mut(self.positions.len() * dim)
            .enumerate()
            .for_each(|(head, out)| {
                for (out, from) in out.chunks_mut(dim).zip(qkv.chunks(row)) {
                    out.copy_from_slice(&from[col + head * dim..][..dim]);
                }
            });
    }

    /// Gradients of the heads become that of the rows; `raw` are the rows before the norms.
    pub(super) fn backward(&self, heads: [&[f32]; 3], raw: &[f32], out: &mut [f32]) {
        let row = self.spec.qkv_len();
        out.par_chunks_mut(12 * row)
            .enumerate()
            .for_each(|(task, out)| {
                for (i, out) in out.chunks_mut(row).enumerate() {
                    let token = task * 12 + i;
                    let raw = if self.norms.is_some() {
                        &raw[token * row..][..row]
                    } else {
                        &[]
                    };
                    self.row_backward(token, heads, raw, out);
                }
            });
    }

    fn row_backward(&self, token: usize, [dq, dk, dv]: [&[f32]; 3], raw: &[f32], out: &mut [f32]) {
        let (dim, q_len, kv_len) = (self.spec.head_dim, self.spec.q_len(), self.spec.kv_len());
        let at = |head: usize| (head * self.positions.len() + token) * dim;
        for (head, out) in out[q_len + kv_len..].chunks_mut(dim).enumerate() {
            out.copy_from_slice(&dv[at(head)..][..dim]);
        }
        for (head, out) in out[..q_len].chunks_mut(dim).enumerate() {
            let raw = raw.get(head * dim..).unwrap_or(&[]);
            self.head_backward(
                token,
                &dq[at(head)..][..dim],
                raw,
                self.norms.map(|n| n.0),
                out,
            );
        }
        for (head, out) in out[q_len..q_len + kv_len].chunks_mut(dim).enumerate() {
            let raw = raw.get(q_len + head * dim..).unwrap_or(&[]);
            self.head_backward(
                token,
                &dk[at(head)..][..dim],
                raw,
                self.norms.map(|n| n.1),
                out,
            );
        }
    }

    fn head_backward(
        &self,
        token: usize,
        grad: &[f32],
        raw: &[f32],
        norm: Option<&[f32]>,
        out: &mut [f32],
    ) {
        let (cos, sin) = self.table.at(self.positions[token] as usize);
        out.copy_from_slice(grad);
        rotate(self.isa, -1.0, cos, sin, out);
        let Some(weight) = norm else { return };
        let mut turned = [0.0; HEAD_DIM_MAX];
        let turned = &mut turned[..out.len()];
        let mut unused = [0.0; HEAD_DIM_MAX];
        let raw = &raw[..out.len()];
        turned.copy_from_slice(out);
        let inverse = norm_forward(
            self.isa,
            raw,
            weight,
            self.spec.norm_epsilon,
            &mut unused[..out.len()],
        );
        out.fill(0.0);
        norm_backward(self.isa, turned, raw, weight, inverse, out);
    }
}
