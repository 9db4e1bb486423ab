//! All buffers of a run, made once and sized by the largest micro-batch.

use super::memory::sizes;
use super::tools::Tools;
use crate::model::ModelSpec;
use crate::settings::TrainSettings;

/// What one layer keeps from its forward for its backward.
#[derive(Debug, Default)]
pub(super) struct Saved {
    pub(super) x: Vec<f32>,
    pub(super) inverse_in: Vec<f32>,
    /// Rows of q|k|v before their norms; empty without qk-norm.
    pub(super) raw: Vec<f32>,
    pub(super) q: Vec<f32>,
    pub(super) k: Vec<f32>,
    pub(super) v: Vec<f32>,
    pub(super) o: Vec<f32>,
    pub(super) lse: Vec<f32>,
    /// Outputs of attention and of feed-forward before their norms; empty without post-norms.
    pub(super) attended: Vec<f32>,
    pub(super) fed: Vec<f32>,
    pub(super) inverse_attended: Vec<f32>,
    pub(super) inverse_fed: Vec<f32>,
    pub(super) middle: Vec<f32>,
    pub(super) inverse_middle: Vec<f32>,
    pub(super) gate_up: Vec<f32>,
    /// Low-rank activations of the four groups.
    pub(super) h: [Vec<f32>; 4],
}

/// What is overwritten by every layer.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The gradient that runs from block to block.
    pub(super) dx: Vec<f32>,
    pub(super) normed: Vec<f32>,
    pub(super) out: Vec<f32>,
    pub(super) qkv: Vec<f32>,
    pub(super) heads: Vec<f32>,
    pub(super) d_o: Vec<f32>,
    pub(super) dk: Vec<f32>,
    pub(super) dv: Vec<f32>,
    pub(super) gated: Vec<f32>,
    pub(super) d_gated: Vec<f32>,
    pub(super) dh: Vec<f32>,
    pub(super) logits: Vec<f32>,
    pub(super) picked: Vec<f32>,
    pub(super) d_picked: Vec<f32>,
    pub(super) losses: Vec<f32>,
}

/// Most floats of logits held at once.
const LOGIT_FLOATS: usize = 64 << 20;

pub(super) struct Arena {
    pub(super) tokens_max: usize,
    pub(super) saved: Vec<Saved>,
    /// The last block's output and its inverse norms.
    pub(super) last: Vec<f32>,
    pub(super) inverse_last: Vec<f32>,
    pub(super) scratch: Scratch,
    pub(super) tools: Tools,
}

/// Ranks of the four groups of a layer, the largest over layers.
pub(super) type Ranks = [usize; 4];

impl Arena {
    pub(super) fn new(spec: &ModelSpec, settings: &TrainSettings, ranks: Ranks) -> Self {
        let n = settings.micro_batch_tokens_max;
        let rank = ranks.into_iter().max().unwrap_or(0);
        Self {
            tokens_max: n,
            saved: (0..spec.layers).map(|_| saved(spec, n, ranks)).collect(),
            last: vec![0.0; n * spec.hidden],
            inverse_last: vec![0.0; n],
            scratch: scratch(spec, n, rank),
            tools: Tools::new(settings.threads, sizes(spec, settings, rank)),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let saved: usize = self.saved.iter().map(Saved::floats).sum();
        4 * (saved + self.last.len() + self.inverse_last.len() + self.scratch.floats())
            + self.tools.bytes()
    }
}

fn zeros(len: usize) -> Vec<f32> {
    vec![0.0; len]
}

fn saved(spec: &ModelSpec, n: usize, ranks: Ranks) -> Saved {
    let post = if spec.post_norms { n } else { 0 };
    Saved {
        x: zeros(n * spec.hidden),
        inverse_in: zeros(n),
        raw: if spec.qk_norm {
            zeros(n * spec.qkv_len())
        } else {
            Vec::new()
        },
        q: zeros(n * spec.q_len()),
        k: zeros(n * spec.kv_len()),
        v: zeros(n * spec.kv_len()),
        o: zeros(n * spec.q_len()),
        lse: zeros(n * spec.heads),
        attended: zeros(post * spec.hidden),
        fed: zeros(post * spec.hidden),
        inverse_attended: zeros(post),
        inverse_fed: zeros(post),
        middle: zeros(n * spec.hidden),
        inverse_middle: zeros(n),
        gate_up: zeros(2 * n * spec.intermediate),
        h: ranks.map(|rank| zeros(n * rank)),
    }
}

fn scratch(spec: &ModelSpec, n: usize, rank: usize) -> Scratch {
    let chunk = logit_rows(spec.vocabulary, n);
    Scratch {
        dx: zeros(n * spec.hidden),
        normed: zeros(n * spec.hidden),
        out: zeros(n * spec.hidden),
        qkv: zeros(n * spec.qkv_len()),
        heads: zeros(n * spec.q_len()),
        d_o: zeros(n * spec.q_len()),
        dk: zeros(n * spec.kv_len()),
        dv: zeros(n * spec.kv_len()),
        gated: zeros(n * spec.intermediate),
        d_gated: zeros(n * spec.intermediate),
        dh: zeros(n * rank),
        logits: zeros(chunk * spec.vocabulary),
        picked: zeros(chunk * spec.hidden),
        d_picked: zeros(chunk * spec.hidden),
        losses: zeros(n),
    }
}

/// Rows of logits held at once; the same for every machine, since it does not depend on threads.
pub(super) fn logit_rows(vocabulary: usize, tokens: usize) -> usize {
    (LOGIT_FLOATS / vocabulary.max(1)).clamp(12, tokens.max(12))
}

impl Saved {
    fn floats(&self) -> usize {
        let own = [
            &self.x,
            &self.inverse_in,
            &self.raw,
            &self.q,
            &self.k,
            &self.v,
            &self.o,
            &self.lse,
            &self.attended,
            &self.fed,
            &self.inverse_attended,
            &self.inverse_fed,
            &self.middle,
            &self.inverse_middle,
            &self.gate_up,
        ];
        own.into_iter().chain(&self.h).map(Vec::len).sum()
    }
}

impl Scratch {
    fn floats(&self) -> usize {
        let all = [
            &self.dx,
            &self.normed,
            &self.out,
            &self.qkv,
            &self.heads,
            &self.d_o,
            &self.dk,
            &self.dv,
            &self.gated,
            &self.d_gated,
            &self.dh,
            &self.logits,
            &self.picked,
            &self.d_picked,
            &self.losses,
        ];
        all.into_iter().map(Vec::len).sum()
    }
}
