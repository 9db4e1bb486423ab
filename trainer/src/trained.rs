//! What training changes: adapters, their gradients and moments, flat and under PEFT's names.

use crate::backend::BackendError;
use crate::lora::Layout;
use crate::state::{Adapter, TrainState};

/// The part of a backend that is saved; every backend has one, whatever computes the gradients.
#[derive(Debug)]
pub(crate) struct Trained {
    pub(crate) layout: Layout,
    pub(crate) weights: Vec<f32>,
    pub(crate) gradients: Vec<f32>,
    pub(crate) m: Vec<f32>,
    pub(crate) v: Vec<f32>,
    pub(crate) step: u64,
}

impl Trained {
    /// Fresh adapters of this layout.
    pub(crate) fn new(layout: Layout, seed: u64) -> Self {
        let zeros = || vec![0.0; layout.len];
        Self {
            weights: layout.init(seed),
            gradients: zeros(),
            m: zeros(),
            v: zeros(),
            step: 0,
            layout,
        }
    }

    pub(crate) fn export(&self) -> Adapter {
        self.layout.named(&self.weights)
    }

    pub(crate) fn named_gradients(&self) -> Adapter {
        self.layout.named(&self.gradients)
    }

    pub(crate) fn state(&self) -> TrainState {
        TrainState {
            step: self.step,
            adapter: self.export(),
            first_moments: self.layout.named(&self.m),
            second_moments: self.layout.named(&self.v),
        }
    }

    /// Takes a whole state or none of it; moments that are not there are zero.
    pub(crate) fn restore(&mut self, state: &TrainState) -> Result<(), BackendError> {
        let (weights, m, v) = (
            self.layout.flat(&state.adapter)?,
            self.moments(&state.first_moments)?,
            self.moments(&state.second_moments)?,
        );
        (self.weights, self.m, self.v, self.step) = (weights, m, v, state.step);
        self.gradients.fill(0.0);
        Ok(())
    }

    fn moments(&self, adapter: &Adapter) -> Result<Vec<f32>, BackendError> {
        if adapter.tensors.is_empty() {
            Ok(vec![0.0; self.layout.len])
        } else {
            self.layout.flat(adapter)
        }
    }
}
