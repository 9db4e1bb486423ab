//! One pass over a batch: checked, run forward on the pool, and whatever follows it there.

use super::arena::Arena;
use super::block::Pass;
use super::dropout::Dropout;
use super::embed::Neftune;
use super::engine::CpuEngine;
use super::load::Frozen;
use crate::backend::{BackendError, Place};
use crate::batch::Batch;

impl CpuEngine {
    fn check(&self, batch: &Batch) -> Result<(), BackendError> {
        if batch.is_empty() {
            return Err(BackendError::NoLabels);
        }
        let vocabulary = self.spec.vocabulary;
        let wrong = |t: &u32| *t as usize >= vocabulary;
        let targets = batch
            .targets()
            .iter()
            .map(|t| if *t == Batch::IGNORED { 0 } else { *t });
        let found = batch
            .tokens()
            .iter()
            .position(wrong)
            .or(targets.clone().position(|t| wrong(&t)));
        if let Some(position) = found {
            return Err(BackendError::Token {
                token: batch.tokens()[position],
                position,
                vocabulary,
            });
        }
        if batch.len() > self.arena.tokens_max {
            let (tokens, longest, tokens_max) =
                (batch.len(), batch.longest(), self.arena.tokens_max);
            return Err(BackendError::BatchTooLarge {
                tokens,
                longest,
                tokens_max,
            });
        }
        Ok(())
    }

    fn dropout(&self, place: Place) -> Option<Dropout> {
        let probability = self.settings.lora.dropout;
        (probability > 0.0).then_some(Dropout {
            probability,
            seed: self.settings.seed,
            place,
        })
    }

    fn neftune(&self, place: Place) -> Option<Neftune> {
        let seed = self.settings.seed;
        self.settings
            .neftune_alpha
            .map(|alpha| Neftune { alpha, seed, place })
    }

    /// Runs `work` on the pool after a forward pass.
    pub(super) fn with_forward<T: Send>(
        &mut self,
        batch: &Batch,
        place: Option<Place>,
        work: impl FnOnce(&Frozen, &Pass<'_>, &mut Arena, &mut [f32]) -> T + Send,
    ) -> Result<T, BackendError> {
        self.check(batch)?;
        let dropout = place.and_then(|p| self.dropout(p));
        let noise = place.and_then(|p| self.neftune(p));
        let pass = Pass {
            spec: &self.spec,
            batch,
            tables: &self.tables,
            weights: &self.trained.weights,
            dropout: dropout.as_ref(),
        };
        let (frozen, arena, gradients) =
            (&self.frozen, &mut self.arena, &mut self.trained.gradients);
        Ok(self.pool.install(|| {
            forward(frozen, &pass, noise, arena);
            work(frozen, &pass, arena, gradients)
        }))
    }
}

fn forward(frozen: &Frozen, pass: &Pass<'_>, noise: Option<Neftune>, arena: &mut Arena) {
    let Arena {
        saved,
        last,
        scratch,
        tools,
        ..
    } = arena;
    if let Some(first) = saved.first_mut() {
        frozen.embed(pass.spec, pass.batch, noise, &mut first.x);
    }
    for (i, layer) in frozen.layers.iter().enumerate() {
        let (here, after) = saved.split_at_mut(i + 1);
        let next = after.first_mut().map_or(&mut *last, |s| &mut s.x);
        layer.forward(pass, tools, &mut here[i], scratch, next);
    }
}

pub(super) fn backward(frozen: &Frozen, pass: &Pass<'_>, arena: &mut Arena, gradients: &mut [f32]) {
    for (i, layer) in frozen.layers.iter().enumerate().rev() {
        let Arena {
            saved,
            scratch,
            tools,
            ..
        } = arena;
        layer.backward(pass, tools, &mut saved[i], scratch, (gradients, i > 0));
    }
}
