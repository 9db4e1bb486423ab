//! Embeddings, with NEFTune's noise while training.

use super::load::Frozen;
use crate::backend::Place;
use crate::batch::Batch;
use crate::model::{Matrix, ModelSpec};
use crate::noise::{Noise, Stream};

/// NEFTune: uniform noise of alpha / sqrt(length · hidden).
#[derive(Clone, Copy, Debug)]
pub(super) struct Neftune {
    pub(super) alpha: f32,
    pub(super) seed: u64,
    pub(super) place: Place,
}

impl Frozen {
    fn embedding(&self) -> &Matrix {
        self.embedding
            .as_ref()
            .unwrap_or(&self.head.parts[0].weight)
    }

    pub(super) fn embed(
        &self,
        spec: &ModelSpec,
        batch: &Batch,
        noise: Option<Neftune>,
        x: &mut [f32],
    ) {
        for (token, row) in batch.tokens().iter().zip(x.chunks_mut(spec.hidden)) {
            self.embedding().decode(*token as usize, 0, row);
            if let Some(scale) = spec.embedding_scale {
                row.iter_mut().for_each(|v| *v *= scale);
            }
        }
        if let Some(neftune) = noise {
            neftune.add(spec.hidden, batch, x);
        }
    }
}

impl Neftune {
    fn add(self, hidden: usize, batch: &Batch, x: &mut [f32]) {
        let noise = Noise::at(self.seed, Stream::Embedding, 0, self.place);
        for document in batch.documents() {
            let size = self.alpha / ((document.len() * hidden) as f32).sqrt();
            let range = document.start * hidden..document.end * hidden;
            for (i, value) in range.clone().zip(&mut x[range]) {
                *value += (2.0 * noise.uniform(i as u64) - 1.0) * size;
            }
        }
    }
}
