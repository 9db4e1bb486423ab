//! Frozen weights into the structures of the block, one tensor at a time.

use super::linear::{Group, Low, Part};
use crate::lora::{Layout, groups};
use crate::model::{Matrix, ModelError, ModelSpec, Weights};
use crate::noise::{Noise, Stream};
use crate::settings::{Precision, Projection, Quantise};

/// Weights of a plausible size, the same for the same name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RandomWeights {
    pub(crate) seed: u64,
}

impl RandomWeights {
    fn noise(self, name: &str) -> Noise {
        let which = name
            .bytes()
            .fold(0_u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b)));
        Noise::new(self.seed, Stream::Weights, which & 0x00ff_ffff)
    }
}

impl Weights for RandomWeights {
    /// Uniform with a standard deviation of 0.02, transformers' initial range.
    fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, ModelError> {
        let noise = self.noise(name);
        let mut values = vec![0.0; rows * cols];
        for (i, four) in values.chunks_mut(4).enumerate() {
            let words = noise.block(i as u64);
            four.iter_mut()
                .zip(words)
                .for_each(|(v, w)| *v = ((w >> 8) as f32 / 8_388_608.0 - 1.0) * 0.034_64);
        }
        Ok(Matrix::from_f32(rows, cols, values))
    }

    fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        let noise = self.noise(name);
        let around = if name.ends_with("norm.weight") {
            1.0
        } else {
            0.0
        };
        Ok((0..len)
            .map(|i| around + 0.1 * (noise.uniform(i as u64) - 0.5))
            .collect())
    }
}

/// One transformer block's frozen part.
#[derive(Debug)]
pub(super) struct Layer {
    /// q|k|v, o, gate|up, down.
    pub(super) groups: [Group; 4],
    pub(super) norm_in: Vec<f32>,
    pub(super) norm_middle: Vec<f32>,
    pub(super) qk_norms: Option<(Vec<f32>, Vec<f32>)>,
    /// After attention, after feed-forward.
    pub(super) post_norms: Option<(Vec<f32>, Vec<f32>)>,
    pub(super) window: Option<usize>,
    pub(super) rope: usize,
}

/// All frozen weights.
#[derive(Debug)]
pub(super) struct Frozen {
    pub(super) layers: Vec<Layer>,
    /// None when the head's matrix serves as both.
    pub(super) embedding: Option<Matrix>,
    pub(super) norm: Vec<f32>,
    pub(super) head: Group,
}

impl Frozen {
    /// Whether any block holds fewer bits than it was trained in.
    pub(super) fn is_quantised(&self) -> bool {
        let groups = self.layers.iter().flat_map(|layer| &layer.groups);
        groups
            .flat_map(|group| &group.parts)
            .any(|part| part.weight.is_quantised())
    }
}

/// Reads a model.
pub(super) struct Loader<'a> {
    pub(super) spec: &'a ModelSpec,
    pub(super) weights: &'a dyn Weights,
    pub(super) precision: Precision,
    pub(super) quantise: Option<Quantise>,
    pub(super) layout: &'a Layout,
}

impl Loader<'_> {
    pub(super) fn load(&self) -> Result<Frozen, ModelError> {
        let (vocabulary, hidden) = (self.spec.vocabulary, self.spec.hidden);
        let embedding = self.matrix("model.embed_tokens.weight", vocabulary, hidden)?;
        let (embedding, head) = if self.spec.tied_head {
            (None, embedding)
        } else {
            (
                Some(embedding),
                self.matrix("lm_head.weight", vocabulary, hidden)?,
            )
        };
        Ok(Frozen {
            layers: (0..self.spec.layers)
                .map(|l| self.layer(l))
                .collect::<Result<_, _>>()?,
            embedding,
            norm: self.norm("model.norm.weight", hidden)?,
            head: Group {
                parts: vec![Part {
                    weight: head,
                    bias: None,
                    low: None,
                    col: 0,
                }],
                inputs: hidden,
                outputs: vocabulary,
                rank: 0,
            },
        })
    }

    fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, ModelError> {
        let matrix = self.weights.matrix(name, rows, cols)?;
        Ok(match self.precision {
            Precision::F32 => matrix,
            Precision::Bf16 => matrix.into_bf16(),
        })
    }

    /// A linear layer's weight; embeddings and head are never quantised.
    fn frozen(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, ModelError> {
        match self.quantise {
            None => self.matrix(name, rows, cols),
            Some(Quantise::Nf4) => Ok(self.weights.matrix(name, rows, cols)?.into_nf4()),
        }
    }

    fn norm(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        let mut weight = self.weights.vector(name, len)?;
        if self.spec.norm_plus_one {
            weight.iter_mut().for_each(|w| *w += 1.0);
        }
        Ok(weight)
    }

    fn layer(&self, layer: usize) -> Result<Layer, ModelError> {
        let hidden = self.spec.hidden;
        let norm = |name: &str| self.norm(&format!("model.layers.{layer}.{name}.weight"), hidden);
        let post = self.spec.post_norms;
        let middle = if post {
            "pre_feedforward_layernorm"
        } else {
            "post_attention_layernorm"
        };
        let mut loaded = groups(self.spec).into_iter().map(|g| self.group(layer, &g));
        let mut next = || loaded.next().unwrap_or_else(|| self.group(layer, &[]));
        Ok(Layer {
            groups: [next()?, next()?, next()?, next()?],
            norm_in: norm("input_layernorm")?,
            norm_middle: norm(middle)?,
            qk_norms: if self.spec.qk_norm {
                Some(self.qk_norms(layer)?)
            } else {
                None
            },
            post_norms: if post {
                Some((
                    norm("post_attention_layernorm")?,
                    norm("post_feedforward_layernorm")?,
                ))
            } else {
                None
            },
            window: self.spec.windows[layer],
            rope: self.spec.rope_of[layer],
        })
    }

    fn qk_norms(&self, layer: usize) -> Result<(Vec<f32>, Vec<f32>), ModelError> {
        let name = |which: &str| format!("model.layers.{layer}.self_attn.{which}_norm.weight");
        Ok((
            self.norm(&name("q"), self.spec.head_dim)?,
            self.norm(&name("k"), self.spec.head_dim)?,
        ))
    }

    fn group(&self, layer: usize, projections: &[Projection]) -> Result<Group, ModelError> {
        let mut group = Group {
            parts: Vec::new(),
            inputs: 0,
            outputs: 0,
            rank: 0,
        };
        for projection in projections {
            let (inputs, outputs) = self.spec.shape_of(*projection);
            let module = ModelSpec::module(layer, *projection);
            let bias = self.spec.has_bias(*projection);
            let bias = bias
                .then(|| self.weights.vector(&format!("{module}.bias"), outputs))
                .transpose()?;
            let low = self.low(layer, *projection, group.rank);
            group.parts.push(Part {
                weight: self.frozen(&format!("{module}.weight"), outputs, inputs)?,
                bias,
                low,
                col: group.outputs,
            });
            group.inputs = inputs;
            group.outputs += outputs;
            group.rank += low.map_or(0, |low| low.rank);
        }
        Ok(group)
    }

    fn low(&self, layer: usize, projection: Projection, first: usize) -> Option<Low> {
        let which = self.layout.find(layer, projection)?;
        let slot = &self.layout.slots[which];
        Some(Low {
            rank: slot.rank,
            scale: slot.scale,
            first,
            a: slot.a,
            b: slot.b,
            which: which as u32,
        })
    }
}
