//! A base model against its tuned form, on the same documents.

use super::backend;
use super::plan::Plan;
use super::prepare::prepare;
use crate::backend::BackendError;
use crate::batch::Batch;
use crate::evaluation::{self, Comparison, Evaluation, compare};
use crate::failure::Failure;
use crate::peft::{read_adapter, read_adapter_config};
use crate::settings::TrainSettings;
use serde::Serialize;
use std::io::BufRead;
use std::path::Path;

/// Figures over the same targets; without an adapter there is the base alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Judged {
    Base { base: Evaluation },
    Both(Comparison),
}

/// Evaluates the model of a plan without, and with, an adapter on all of the plan's data.
pub fn evaluate(
    plan: &Plan,
    adapter: Option<&Path>,
    input: &mut dyn BufRead,
) -> Result<Judged, Failure> {
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
    let Some(folder) = adapter else {
        // A fresh adapter adds nothing: what it gives is the base model.
        let base = evaluation::evaluate(engine.as_mut(), &rows)?;
        return Ok(Judged::Base { base });
    };
    let tuned = read_adapter(folder).map_err(BackendError::from)?;
    Ok(Judged::Both(compare(engine.as_mut(), &tuned, &rows)?))
}
