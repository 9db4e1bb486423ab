//! One transformer block, forward.

use super::arena::{Saved, Scratch};
use super::attention::Attention;
use super::dropout::Dropout;
use super::load::Layer;
use super::meter::Phase;
use super::passes::{Norm, gate_rows, sum};
use super::rotary::{Heads, Turn};
use super::tools::Tools;
use crate::batch::Batch;
use crate::kernel::Activation;
use crate::model::{ActivationKind, ModelSpec, RopeTable};

/// What a pass over a batch is given.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub(super) spec: &'a ModelSpec,
    pub(super) batch: &'a Batch,
    pub(super) tables: &'a [RopeTable],
    /// All adapters, flat.
    pub(super) weights: &'a [f32],
    pub(super) dropout: Option<&'a Dropout>,
}

impl Pass<'_> {
    pub(super) fn tokens(&self) -> usize {
        self.batch.len()
    }

    pub(super) fn activation(&self) -> Activation {
        match self.spec.activation {
            ActivationKind::Silu => Activation::Silu,
            ActivationKind::GeluTanh => Activation::GeluTanh,
        }
    }
}

impl Layer {
    pub(super) fn norm<'a>(pass: &Pass<'_>, tools: &Tools, weight: &'a [f32]) -> Norm<'a> {
        Norm {
            isa: tools.isa,
            weight,
            epsilon: pass.spec.norm_epsilon,
        }
    }

    pub(super) fn attention<'a>(&self, pass: &Pass<'a>, tools: &Tools) -> Attention<'a> {
        Attention {
            isa: tools.isa,
            spec: pass.spec,
            batch: pass.batch,
            window: self.window,
        }
    }

    pub(super) fn turn<'a>(&'a self, pass: &Pass<'a>, tools: &Tools) -> Turn<'a> {
        Turn {
            isa: tools.isa,
            spec: pass.spec,
            table: &pass.tables[self.rope],
            positions: pass.batch.positions(),
            norms: self.qk_norms.as_ref().map(|(q, k)| (&q[..], &k[..])),
        }
    }

    fn linear(
        &self,
        group: usize,
        tools: &mut Tools,
        weights: &[f32],
        rows: (&[f32], &mut [f32], &mut [f32]),
        dropout: Option<&Dropout>,
    ) {
        let started = tools.meter.start();
        self.groups[group].forward(tools, weights, rows, dropout);
        tools.meter.stop(Phase::LinearForward, started);
    }

    /// From `saved.x` to `next`.
    pub(super) fn forward(
        &self,
        pass: &Pass<'_>,
        tools: &mut Tools,
        saved: &mut Saved,
        scratch: &mut Scratch,
        next: &mut [f32],
    ) {
        self.attend(pass, tools, saved, scratch);
        self.feed(pass, tools, saved, scratch, next);
    }

    fn attend(&self, pass: &Pass<'_>, tools: &mut Tools, saved: &mut Saved, scratch: &mut Scratch) {
        let (n, spec) = (pass.tokens(), pass.spec);
        let (wide, q_len, kv_len) = (n * spec.hidden, n * spec.q_len(), n * spec.kv_len());
        let normed = &mut scratch.normed[..wide];
        let norm = Self::norm(pass, tools, &self.norm_in);
        norm.forward(&saved.x[..wide], &mut saved.inverse_in[..n], normed);
        let qkv = if spec.qk_norm {
            &mut saved.raw
        } else {
            &mut scratch.qkv
        };
        let qkv = &mut qkv[..n * spec.qkv_len()];
        self.linear(
            0,
            tools,
            pass.weights,
            (normed, &mut saved.h[0], qkv),
            pass.dropout,
        );
        let heads = Heads {
            q: &mut saved.q[..q_len],
            k: &mut saved.k[..kv_len],
            v: &mut saved.v[..kv_len],
        };
        self.turn(pass, tools).forward(qkv, heads);
        let o = &mut saved.o[..q_len];
        let started = tools.meter.start();
        self.attention(pass, tools).forward(
            tools,
            [&saved.q[..q_len], &saved.k[..kv_len], &saved.v[..kv_len]],
            &mut scratch.heads[..q_len],
            (o, &mut saved.lse[..n * spec.heads]),
        );
        tools.meter.stop(Phase::AttentionForward, started);
        let out = if spec.post_norms {
            &mut saved.attended
        } else {
            &mut scratch.out
        };
        let out = &mut out[..wide];
        self.linear(
            1,
            tools,
            pass.weights,
            (o, &mut saved.h[1], out),
            pass.dropout,
        );
        let out = match &self.post_norms {
            None => &*out,
            Some((weight, _)) => {
                Self::norm(pass, tools, weight).forward(
                    out,
                    &mut saved.inverse_attended[..n],
                    normed,
                );
                &*normed
            }
        };
        sum(tools.isa, &saved.x[..wide], out, &mut saved.middle[..wide]);
    }

    fn feed(
        &self,
        pass: &Pass<'_>,
        tools: &mut Tools,
        saved: &mut Saved,
        scratch: &mut Scratch,
        next: &mut [f32],
    ) {
        let (n, spec) = (pass.tokens(), pass.spec);
        let (wide, inner) = (n * spec.hidden, n * spec.intermediate);
        let normed = &mut scratch.normed[..wide];
        let norm = Self::norm(pass, tools, &self.norm_middle);
        norm.forward(
            &saved.middle[..wide],
            &mut saved.inverse_middle[..n],
            normed,
        );
        let gate_up = &mut saved.gate_up[..2 * inner];
        self.linear(
            2,
            tools,
            pass.weights,
            (normed, &mut saved.h[2], gate_up),
            pass.dropout,
        );
        let gated = &mut scratch.gated[..inner];
        gate_rows(
            tools.isa,
            pass.activation(),
            spec.intermediate,
            gate_up,
            gated,
        );
        let out = if spec.post_norms {
            &mut saved.fed
        } else {
            &mut scratch.out
        };
        let out = &mut out[..wide];
        self.linear(
            3,
            tools,
            pass.weights,
            (gated, &mut saved.h[3], out),
            pass.dropout,
        );
        let out = match &self.post_norms {
            None => &*out,
            Some((_, weight)) => {
                Self::norm(pass, tools, weight).forward(out, &mut saved.inverse_fed[..n], normed);
                &*normed
            }
        };
        sum(tools.isa, &saved.middle[..wide], out, &mut next[..wide]);
    }
}
