//! A base model against its tuned form, on the same documents.

use super::backend;
use super::plan::Plan;
use super::prepare::prepare;
use crate::backend::{Backend, BackendError, LossSum};
use crate::batch::Batch;
use crate::checkpoint::LossBits;
use crate::failure::Failure;
use crate::peft::{read_adapter, read_adapter_config};
use crate::result::EvalFigures;
use crate::settings::TrainSettings;
use crate::state::TrainState;
use serde::Serialize;
use std::io::BufRead;
use std::path::Path;

/// Figures of both over the same targets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub base: EvalFigures,
    pub tuned: Option<EvalFigures>,
}

/// Evaluates the model of a plan without, and with, an adapter on all of the plan's data.
pub fn evaluate(
    plan: &Plan,
    adapter: Option<&Path>,
    input: &mut dyn BufRead,
) -> Result<Comparison, Failure> {
    let prepared = prepare(plan, input)?;
    let rows = prepared.course.all_rows();
    let tokens_max = rows.iter().map(Batch::len).max().unwrap_or_default();
    let lora = adapter
        .map(|folder| read_adapter_config(folder).and_then(|config| config.settings()))
        .transpose()
        .map_err(BackendError::from)?;
    let settings = TrainSettings {
        lora: lora.unwrap_or_default(),
        precision: backend::precision(plan),
        threads: backend::threads(plan),
        micro_batch_tokens_max: tokens_max,
        ..TrainSettings::default()
    };
    let mut engine = backend::open(plan, &settings)?;
    // A fresh adapter adds nothing: what it gives is the base model.
    let base = figures(engine.as_mut(), &rows)?;
    let tuned = match adapter {
        Some(folder) => {
            let adapter = read_adapter(folder).map_err(BackendError::from)?;
            engine.restore(&TrainState {
                adapter,
                ..TrainState::default()
            })?;
            Some(figures(engine.as_mut(), &rows)?)
        }
        None => None,
    };
    Ok(Comparison { base, tuned })
}

fn figures(engine: &mut dyn Backend, rows: &[Batch]) -> Result<EvalFigures, BackendError> {
    let mut total = LossSum::default();
    for row in rows {
        let sum = engine.evaluate(row)?;
        total.loss += sum.loss;
        total.labels += sum.labels;
        total.correct += sum.correct;
    }
    Ok(EvalFigures::of(LossBits::from(total)))
}
