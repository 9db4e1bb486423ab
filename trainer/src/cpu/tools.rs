//! What every pass needs: the instruction set, scratch, and how work is cut.

use std::sync::{Mutex, PoisonError};

use super::meter::Meter;
use crate::kernel::Isa;

/// Most floats of packed panels at once: 8 MB, small enough for a shared cache.
const PANEL_FLOATS: usize = 2 << 20;

/// Columns of a packed panel.
pub(super) const PANEL: usize = 32;

/// Rows of one task: a multiple of the tile's twelve.
const TASK_ROWS_MAX: usize = 96;

/// How much scratch there is, in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) words: usize,
    pub(super) panels: usize,
    pub(super) thin: usize,
    pub(super) dropped: usize,
    /// Of each worker.
    pub(super) worker: usize,
}

/// Room for at least one whole panel.
pub(super) fn panel_floats(depth_max: usize) -> usize {
    PANEL_FLOATS.max(depth_max * PANEL)
}

pub(super) struct Tools {
    pub(super) isa: Isa,
    pub(super) threads: usize,
    pub(super) meter: Meter,
    /// Whether bf16 weights are multiplied in pairs, with activations rounded to bf16.
    pub(super) pairs: bool,
    /// Activations rounded to bf16.
    pub(super) words: Vec<u16>,
    /// Packed strips of frozen weights.
    pub(super) panels: Vec<f32>,
    /// Gradients of adapters before they are added up, `[panel][rank][32]`.
    pub(super) thin: Vec<f32>,
    /// Inputs after dropout; empty without it.
    pub(super) dropped: Vec<f32>,
    /// Per worker: panels and scores of attention.
    workers: Vec<Mutex<Vec<f32>>>,
}

impl Tools {
    pub(super) fn new(threads: usize, sizes: Sizes) -> Self {
        let isa = Isa::detect();
        Self {
            isa,
            threads,
            meter: Meter::default(),
            pairs: isa.multiplies_bf16(),
            words: vec![0; sizes.words],
            panels: vec![0.0; sizes.panels],
            thin: vec![0.0; sizes.thin],
            dropped: vec![0.0; sizes.dropped],
            workers: (0..threads)
                .map(|_| Mutex::new(vec![0.0; sizes.worker]))
                .collect(),
        }
    }

    /// How many rows a task takes so that every thread gets several. Results do not depend on it.
    pub(super) fn task_rows(&self, rows: usize) -> usize {
        (rows.div_ceil(self.threads * 4).div_ceil(12) * 12).clamp(12, TASK_ROWS_MAX)
    }

    pub(super) fn bytes(&self) -> usize {
        let worker = self.workers.first().map_or(0, |w| lock(w).len());
        2 * self.words.len()
            + 4 * (self.panels.len()
                + self.thin.len()
                + self.dropped.len()
                + worker * self.workers.len())
    }

    /// Runs with the scratch of the current worker.
    pub(super) fn with_worker<T>(workers: &Workers<'_>, work: impl FnOnce(&mut [f32]) -> T) -> T {
        let index = rayon::current_thread_index().unwrap_or(0);
        work(&mut lock(&workers.0[index % workers.0.len()]))
    }

    pub(super) fn workers(&self) -> Workers<'_> {
        Workers(&self.workers)
    }
}

/// The workers' scratch, to be shared between tasks.
#[derive(Clone, Copy)]
pub(super) struct Workers<'a>(&'a [Mutex<Vec<f32>>]);

/// Scratch has no invariant that a panic could break.
fn lock(worker: &Mutex<Vec<f32>>) -> std::sync::MutexGuard<'_, Vec<f32>> {
    worker.lock().unwrap_or_else(PoisonError::into_inner)
}
