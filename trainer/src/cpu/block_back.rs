//! One transformer block, backward.

use super::arena::{Saved, Scratch};
use super::attention_back::{HeadGradients, Kept};
use super::block::Pass;
use super::linear_back::Back;
use super::load::Layer;
use super::meter::Phase;
use super::passes::{gate_rows, gate_rows_backward};
use super::tools::Tools;

impl Layer {
    /// From the gradient of `next` to that of `saved.x`, both in `scratch.dx`. The first block's own dx is of no use:
    /// with `last` false it is left out.
    pub(super) fn backward(
        &self,
        pass: &Pass<'_>,
        tools: &mut Tools,
        saved: &mut Saved,
        scratch: &mut Scratch,
        (gradients, goes_on): (&mut [f32], bool),
    ) {
        self.feed_backward(pass, tools, saved, scratch, gradients);
        self.attend_backward(pass, tools, saved, scratch, (gradients, goes_on));
    }

    fn feed_backward(
        &self,
        pass: &Pass<'_>,
        tools: &mut Tools,
        saved: &mut Saved,
        scratch: &mut Scratch,
        gradients: &mut [f32],
    ) {
        let (n, spec, isa) = (pass.tokens(), pass.spec, tools.isa);
        let (wide, inner) = (n * spec.hidden, n * spec.intermediate);
        let gate_up = &mut saved.gate_up[..2 * inner];
        let gated = &mut scratch.gated[..inner];
        let d_gated = &mut scratch.d_gated[..inner];
        gate_rows(isa, pass.activation(), spec.intermediate, gate_up, gated);
        let dy = match &self.post_norms {
            None => &scratch.dx[..wide],
            Some((_, weight)) => {
                let d_fed = &mut scratch.out[..wide];
                d_fed.fill(0.0);
                let norm = Self::norm(pass, tools, weight);
                norm.backward(
                    &scratch.dx[..wide],
                    &saved.fed[..wide],
                    &saved.inverse_fed[..n],
                    d_fed,
                );
                &*d_fed
            }
        };
        let back = Back {
            x: gated,
            h: &saved.h[3],
            dy,
            dropout: pass.dropout,
        };
        self.linear_back(
            3,
            tools,
            pass.weights,
            back,
            (&mut scratch.dh, gradients),
            Some(d_gated),
        );
        gate_rows_backward(isa, pass.activation(), spec.intermediate, d_gated, gate_up);
        let normed = &mut scratch.normed[..wide];
        let norm = Self::norm(pass, tools, &self.norm_middle);
        norm.again(&saved.middle[..wide], &saved.inverse_middle[..n], normed);
        let back = Back {
            x: normed,
            h: &saved.h[2],
            dy: gate_up,
            dropout: pass.dropout,
        };
        let d_normed = &mut scratch.out[..wide];
        self.linear_back(
            2,
            tools,
            pass.weights,
            back,
            (&mut scratch.dh, gradients),
            Some(d_normed),
        );
        norm.backward(
            d_normed,
            &saved.middle[..wide],
            &saved.inverse_middle[..n],
            &mut scratch.dx[..wide],
        );
    }

    fn attend_backward(
        &self,
        pass: &Pass<'_>,
        tools: &mut Tools,
        saved: &mut Saved,
        scratch: &mut Scratch,
        (gradients, goes_on): (&mut [f32], bool),
    ) {
        let (n, spec) = (pass.tokens(), pass.spec);
        let (wide, q_len, kv_len) = (n * spec.hidden, n * spec.q_len(), n * spec.kv_len());
        let dy = match &self.post_norms {
            None => &scratch.dx[..wide],
            Some((weight, _)) => {
                let d_attended = &mut scratch.out[..wide];
                d_attended.fill(0.0);
                let norm = Self::norm(pass, tools, weight);
                let (x, inverse) = (&saved.attended[..wide], &saved.inverse_attended[..n]);
                norm.backward(&scratch.dx[..wide], x, inverse, d_attended);
                &*d_attended
            }
        };
        let d_o = &mut scratch.d_o[..q_len];
        let back = Back {
            x: &saved.o[..q_len],
            h: &saved.h[1],
            dy,
            dropout: pass.dropout,
        };
        self.linear_back(
            1,
            tools,
            pass.weights,
            back,
            (&mut scratch.dh, gradients),
            Some(d_o),
        );
        let kept = Kept {
            q: &saved.q[..q_len],
            k: &saved.k[..kv_len],
            v: &saved.v[..kv_len],
            o: &saved.o[..q_len],
            lse: &saved.lse[..n * spec.heads],
            d_o,
        };
        let (dq, dk, dv) = (
            &mut scratch.heads[..q_len],
            &mut scratch.dk[..kv_len],
            &mut scratch.dv[..kv_len],
        );
        let started = tools.meter.start();
        self.attention(pass, tools)
            .backward(tools, kept, HeadGradients { dq, dk, dv });
        tools.meter.stop(Phase::AttentionBackward, started);
        let dqkv = &mut scratch.qkv[..n * spec.qkv_len()];
        self.turn(pass, tools).backward(
            [
                &scratch.heads[..q_len],
                &scratch.dk[..kv_len],
                &scratch.dv[..kv_len],
            ],
            &saved.raw,
            dqkv,
        );
        let normed = &mut scratch.normed[..wide];
        let norm = Self::norm(pass, tools, &self.norm_in);
        norm.again(&saved.x[..wide], &saved.inverse_in[..n], normed);
        let back = Back {
            x: normed,
            h: &saved.h[0],
            dy: dqkv,
            dropout: pass.dropout,
        };
        let d_normed = goes_on.then_some(&mut scratch.out[..wide]);
        self.linear_back(
            0,
            tools,
            pass.weights,
            back,
            (&mut scratch.dh, gradients),
            d_normed,
        );
        if goes_on {
            let (x, inverse) = (&saved.x[..wide], &saved.inverse_in[..n]);
            norm.backward(&scratch.out[..wide], x, inverse, &mut scratch.dx[..wide]);
        }
    }

    fn linear_back(
        &self,
        group: usize,
        tools: &mut Tools,
        weights: &[f32],
        back: Back<'_>,
        gradients: (&mut [f32], &mut [f32]),
        dx: Option<&mut [f32]>,
    ) {
        let started = tools.meter.start();
        self.groups[group].backward(tools, weights, back, gradients, dx);
        tools.meter.stop(Phase::LinearBackward, started);
    }
}
