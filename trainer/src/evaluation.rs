//! How well a model predicts held-back documents: loss, perplexity, token accuracy; base against tuned.

use serde::Serialize;

use crate::backend::{Backend, BackendError, LossSum};
use crate::batch::Batch;
use crate::state::{Adapter, TrainState};

/// Means over all counted positions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    pub loss: f64,
    pub perplexity: f64,
    pub token_accuracy: f64,
    pub labels: u64,
}

/// The same documents before and after.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub base: Evaluation,
    pub tuned: Evaluation,
}

/// Judges the backend as it stands; the order of the batches is the order of the sum.
pub fn evaluate(backend: &mut dyn Backend, batches: &[Batch]) -> Result<Evaluation, BackendError> {
    let mut total = LossSum::default();
    for batch in batches.iter().filter(|b| b.labels() > 0) {
        let sum = backend.evaluate(batch)?;
        total.loss += sum.loss;
        total.labels += sum.labels;
        total.correct += sum.correct;
    }
    Evaluation::of(total).ok_or(BackendError::NoLabels)
}

/// Judges the base (an adapter whose B is zero changes nothing), then the tuned adapter, which stays.
pub fn compare(
    backend: &mut dyn Backend,
    tuned: &Adapter,
    batches: &[Batch],
) -> Result<Comparison, BackendError> {
    let mut silent = tuned.clone();
    silent
        .tensors
        .iter_mut()
        .filter(|t| t.name.contains("lora_B"))
        .for_each(|t| t.values.fill(0.0));
    let state = |adapter: Adapter| TrainState {
        adapter,
        ..TrainState::default()
    };
    backend.restore(&state(silent))?;
    let base = evaluate(backend, batches)?;
    backend.restore(&state(tuned.clone()))?;
    Ok(Comparison {
        base,
        tuned: evaluate(backend, batches)?,
    })
}

impl Evaluation {
    fn of(total: LossSum) -> Option<Self> {
        let labels = (total.labels > 0).then_some(total.labels as f64)?;
        let loss = total.loss / labels;
        Some(Self {
            loss,
            perplexity: libm::exp(loss),
            token_accuracy: total.correct as f64 / labels,
            labels: total.labels,
        })
    }
}
