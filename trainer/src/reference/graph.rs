//! The forward pass as a candle graph.

use candle_core::{Device, Result, Tensor, Var};

use super::ops;
use crate::backend::{BackendError, Place};
use crate::batch::Batch;
use crate::lora::Layout;
use crate::model::{ActivationKind, ModelSpec, Weights};
use crate::noise::{Noise, Stream};
use crate::settings::{Projection, Quantise, TrainSettings};

/// One batch through the model. `place` is None outside training.
pub(super) struct Graph<'a> {
    pub(super) spec: &'a ModelSpec,
    pub(super) settings: &'a TrainSettings,
    pub(super) layout: &'a Layout,
    pub(super) weights: &'a dyn Weights,
    /// Round weights to bf16 first.
    pub(super) round: bool,
    pub(super) batch: &'a Batch,
    pub(super) vars: &'a [[Var; 2]],
    pub(super) place: Option<Place>,
}

type Outcome = std::result::Result<Tensor, BackendError>;

impl Graph<'_> {
    /// The sum of cross entropies over counted positions.
    pub(super) fn loss(&self) -> Outcome {
        let targets = self.batch.targets();
        let counted: Vec<u32> = (0..targets.len() as u32)
            .filter(|i| targets[*i as usize] != Batch::IGNORED)
            .collect();
        if counted.is_empty() {
            return Ok(Tensor::new(0.0_f32, &Device::Cpu)?);
        }
        let picked: Vec<u32> = counted.iter().map(|i| targets[*i as usize]).collect();
        let n = counted.len();
        let logits = self
            .logits()?
            .index_select(&Tensor::from_vec(counted, n, &Device::Cpu)?, 0)?;
        let own = logits.gather(&Tensor::from_vec(picked, (n, 1), &Device::Cpu)?, 1)?;
        Ok((ops::log_sum_exp(&logits)? - own)?.sum_all()?)
    }

    /// `[tokens, vocabulary]`.
    pub(super) fn logits(&self) -> Outcome {
        let mut x = self.embed()?;
        for layer in 0..self.spec.layers {
            x = self.block(layer, &x)?;
        }
        let x = self.normed(&x, "model.norm.weight")?;
        let head = if self.spec.tied_head {
            "model.embed_tokens.weight"
        } else {
            "lm_head.weight"
        };
        let head = self.matrix(head, self.spec.vocabulary, self.spec.hidden)?;
        Ok(ops::cap(x.matmul(&head.t()?)?, self.spec.logit_cap)?)
    }

    fn matrix(&self, name: &str, rows: usize, cols: usize) -> Outcome {
        let matrix = self.weights.matrix(name, rows, cols)?;
        let matrix = if self.round {
            matrix.into_bf16()
        } else {
            matrix
        };
        Ok(Tensor::from_vec(
            matrix.to_f32(),
            (rows, cols),
            &Device::Cpu,
        )?)
    }

    fn frozen(&self, name: &str, rows: usize, cols: usize) -> Outcome {
        let Some(Quantise::Nf4) = self.settings.quantise else {
            return self.matrix(name, rows, cols);
        };
        let matrix = self.weights.matrix(name, rows, cols)?.into_nf4();
        Ok(Tensor::from_vec(
            matrix.to_f32(),
            (rows, cols),
            &Device::Cpu,
        )?)
    }

    fn vector(&self, name: &str, len: usize) -> Outcome {
        Ok(Tensor::from_vec(
            self.weights.vector(name, len)?,
            len,
            &Device::Cpu,
        )?)
    }

    fn normed(&self, x: &Tensor, name: &str) -> Outcome {
        let weight = self.vector(name, x.dim(candle_core::D::Minus1)?)?;
        let weight = if self.spec.norm_plus_one {
            (weight + 1.0)?
        } else {
            weight
        };
        Ok(ops::norm(x, &weight, self.spec.norm_epsilon)?)
    }

    fn embed(&self) -> Outcome {
        let table = self.matrix(
            "model.embed_tokens.weight",
            self.spec.vocabulary,
            self.spec.hidden,
        )?;
        let n = self.batch.len();
        let x = table.index_select(
            &Tensor::from_slice(self.batch.tokens(), n, &Device::Cpu)?,
            0,
        )?;
        let x = (x * f64::from(self.spec.embedding_scale.unwrap_or(1.0)))?;
        match (self.place, self.settings.neftune_alpha) {
            (Some(place), Some(alpha)) => Ok((x + self.neftune(place, alpha)?)?),
            _ => Ok(x),
        }
    }

    fn neftune(&self, place: Place, alpha: f32) -> Outcome {
        let (n, hidden) = (self.batch.len(), self.spec.hidden);
        let noise = Noise::at(self.settings.seed, Stream::Embedding, 0, place);
        let mut values = vec![0.0; n * hidden];
        for document in self.batch.documents() {
            let size = alpha / ((document.len() * hidden) as f32).sqrt();
            let range = document.start * hidden..document.end * hidden;
            for (i, value) in range.clone().zip(&mut values[range]) {
                *value = (2.0 * noise.uniform(i as u64) - 1.0) * size;
            }
        }
        Ok(Tensor::from_vec(values, (n, hidden), &Device::Cpu)?)
    }

    fn block(&self, layer: usize, x: &Tensor) -> Outcome {
        let name = |norm: &str| format!("model.layers.{layer}.{norm}.weight");
        let attended = self.attention(layer, &self.normed(x, &name("input_layernorm"))?)?;
        let (attended, middle) = if self.spec.post_norms {
            (
                self.normed(&attended, &name("post_attention_layernorm"))?,
                "pre_feedforward_layernorm",
            )
        } else {
            (attended, "post_attention_layernorm")
        };
        let x = (x + attended)?;
        let fed = self.feed(layer, &self.normed(&x, &name(middle))?)?;
        let fed = if self.spec.post_norms {
            self.normed(&fed, &name("post_feedforward_layernorm"))?
        } else {
            fed
        };
        Ok((x + fed)?)
    }

    fn feed(&self, layer: usize, x: &Tensor) -> Outcome {
        let (gate, up) = if self.spec.fused {
            let both = self.linear(layer, Projection::GateUp, x)?;
            let width = self.spec.intermediate;
            (both.narrow(1, 0, width)?, both.narrow(1, width, width)?)
        } else {
            (
                self.linear(layer, Projection::Gate, x)?,
                self.linear(layer, Projection::Up, x)?,
            )
        };
        let gate = match self.spec.activation {
            ActivationKind::Silu => gate.silu()?,
            ActivationKind::GeluTanh => gate.gelu()?,
        };
        self.linear(layer, Projection::Down, &(gate * up)?)
    }

    fn attention(&self, layer: usize, x: &Tensor) -> Outcome {
        let (q, k, v) = self.heads(layer, x)?;
        let group = self.spec.heads / self.spec.kv_heads;
        let (k, v) = (spread(&k, group)?, spread(&v, group)?);
        let scores =
            (q.matmul(&k.transpose(1, 2)?.contiguous()?)? * f64::from(self.spec.attention_scale))?;
        let scores =
            ops::cap(scores, self.spec.attention_cap)?.broadcast_add(&self.mask(layer)?)?;
        let mixed = ops::softmax(&scores)?.matmul(&v)?;
        let rows = mixed
            .transpose(0, 1)?
            .contiguous()?
            .reshape((self.batch.len(), self.spec.q_len()))?;
        self.linear(layer, Projection::O, &rows)
    }

    fn heads(
        &self,
        layer: usize,
        x: &Tensor,
    ) -> std::result::Result<(Tensor, Tensor, Tensor), BackendError> {
        let (q_len, kv_len) = (self.spec.q_len(), self.spec.kv_len());
        let (q, k, v) = if self.spec.fused {
            let all = self.linear(layer, Projection::Qkv, x)?;
            (
                all.narrow(1, 0, q_len)?,
                all.narrow(1, q_len, kv_len)?,
                all.narrow(1, q_len + kv_len, kv_len)?,
            )
        } else {
            let of = |p| self.linear(layer, p, x);
            (of(Projection::Q)?, of(Projection::K)?, of(Projection::V)?)
        };
        let split = |x: Tensor| -> Result<Tensor> {
            let heads = x.dim(1)? / self.spec.head_dim;
            x.reshape((self.batch.len(), heads, self.spec.head_dim))?
                .transpose(0, 1)?
                .contiguous()
        };
        let (mut q, mut k, v) = (split(q)?, split(k)?, split(v)?);
        if self.spec.qk_norm {
            q = self.normed(&q, &format!("model.layers.{layer}.self_attn.q_norm.weight"))?;
            k = self.normed(&k, &format!("model.layers.{layer}.self_attn.k_norm.weight"))?;
        }
        let (cos, sin) = self.angles(layer)?;
        Ok((
            ops::rotate(&q, &cos, &sin)?,
            ops::rotate(&k, &cos, &sin)?,
            v,
        ))
    }

    fn angles(&self, layer: usize) -> std::result::Result<(Tensor, Tensor), BackendError> {
        let rope = &self.spec.ropes[self.spec.rope_of[layer]];
        let table = rope.table(self.batch.longest());
        let rows = self.batch.positions().iter().map(|p| table.at(*p as usize));
        let (cos, sin): (Vec<&[f32]>, Vec<&[f32]>) = rows.unzip();
        let shape = (self.batch.len(), rope.inverse_frequencies.len());
        let tensor = |rows: Vec<&[f32]>| Tensor::from_vec(rows.concat(), shape, &Device::Cpu);
        Ok((tensor(cos)?, tensor(sin)?))
    }

    /// 0 where a query sees a key, minus infinity's finite stand-in elsewhere.
    fn mask(&self, layer: usize) -> Result<Tensor> {
        let (n, segments) = (self.batch.len(), self.batch.segments());
        let window = self.spec.windows[layer].unwrap_or(usize::MAX);
        let sees = |q: usize, k: usize| k <= q && q - k < window && segments[q] == segments[k];
        let values = (0..n * n).map(|i| if sees(i / n, i % n) { 0.0_f32 } else { -1e30 });
        Tensor::from_iter(values, &Device::Cpu)?.reshape((n, n))
    }

    fn linear(&self, layer: usize, projection: Projection, x: &Tensor) -> Outcome {
        let (inputs, outputs) = self.spec.shape_of(projection);
        let module = ModelSpec::module(layer, projection);
        let weight = self.frozen(&format!("{module}.weight"), outputs, inputs)?;
        let mut y = x.matmul(&weight.t()?)?;
        if self.spec.has_bias(projection) {
            y = y.broadcast_add(&self.vector(&format!("{module}.bias"), outputs)?)?;
        }
        let Some(which) = self.layout.find(layer, projection) else {
            return Ok(y);
        };
        let [a, b] = &self.vars[which];
        let x = self.dropped(which, x)?;
        let low = x.matmul(&a.t()?)?.matmul(b.as_tensor())?;
        Ok((y + (low * f64::from(self.layout.slots[which].scale))?)?)
    }

    fn dropped(&self, which: usize, x: &Tensor) -> Result<Tensor> {
        let p = self.settings.lora.dropout;
        let Some(place) = self.place.filter(|_| p > 0.0) else {
            return Ok(x.clone());
        };
        let noise = Noise::at(self.settings.seed, Stream::Dropout, which as u32, place);
        let kept = 1.0 / (1.0 - p);
        let mask =
            (0..x.elem_count() as u64).map(|i| if noise.uniform(i) >= p { kept } else { 0.0 });
        x * Tensor::from_iter(mask, &Device::Cpu)?.reshape(x.shape())?
    }
}

/// Each key head once per query head of its group.
fn spread(x: &Tensor, group: usize) -> Result<Tensor> {
    let (heads, tokens, dim) = x.dims3()?;
    let wide = x.unsqueeze(1)?.broadcast_as((heads, group, tokens, dim))?;
    wide.contiguous()?.reshape((heads * group, tokens, dim))
}
