//! Whether a recipe suits a model and a memory, before any weight is read.

use super::backend;
use super::memory::{available_memory, needed};
use super::plan::Plan;
use crate::backend::BackendError;
use crate::failure::{Code, Failure};
use crate::model::{ModelSpec, read_spec};
use crate::settings::{Machine, TrainSettings};

/// Refuses what no dataset could be trained with: rows that the model cannot read, or a batch of
/// full rows over the plan's memory. What is free at this moment does not count, another training may hold it.
pub fn check_any_data(plan: &Plan) -> Result<(), Failure> {
    let spec = read_spec(&plan.model).map_err(BackendError::from)?;
    check_length(plan, &spec)?;
    let Some(limit) = plan.memory_bytes_max else {
        return Ok(());
    };
    let recipe = &plan.recipe;
    let full = recipe.micro_batch_size.saturating_mul(recipe.sequence_len);
    let needed = needed(&plan.model, &settings(plan, full), 0)?;
    within(limit, needed)
}

pub(super) fn settings(plan: &Plan, micro_batch_tokens_max: usize) -> TrainSettings {
    TrainSettings::of(
        &plan.recipe,
        Machine {
            precision: backend::precision(plan),
            threads: backend::threads(plan),
            micro_batch_tokens_max,
        },
    )
}

/// Positions beyond those that the model was made for mean nothing to it.
pub(super) fn check_length(plan: &Plan, spec: &ModelSpec) -> Result<(), Failure> {
    let asked = plan.recipe.sequence_len;
    match spec.positions_max {
        Some(most) if asked > most => Err(Failure::new(
            Code::Recipe,
            format!(
                "cannot train with sequence_len {asked}: this model reads at most {most} tokens"
            ),
        )),
        Some(_) | None => Ok(()),
    }
}

/// Refuses a run that would not fit.
pub(super) fn check_memory(
    plan: &Plan,
    settings: &TrainSettings,
    tokens: u64,
) -> Result<u64, Failure> {
    let needed = needed(&plan.model, settings, tokens)?;
    let limits = [
        available_memory().map(|available| available.bytes),
        plan.memory_bytes_max,
    ];
    if let Some(limit) = limits.into_iter().flatten().min() {
        within(limit, needed)?;
    }
    Ok(needed)
}

fn within(limit: u64, needed: u64) -> Result<(), Failure> {
    if needed <= limit {
        return Ok(());
    }
    Err(Failure::new(
        Code::Memory,
        format!(
            "cannot train in {limit} bytes of memory: {needed} would be needed; a smaller sequence_len or micro_batch_size needs less"
        ),
    ))
}
