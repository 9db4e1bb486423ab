//! Counts the tokens of a data set, and says what is wrong with it or with the recipe for it.

use std::io::{self, BufReader};
use std::path::PathBuf;

use crate::failure::Failure;
use crate::process::{Plan, check_any_data, prepare, read_recipe};
use crate::recipe::Recipe;

use super::print_json;

/// Counts the tokens of a data set, with the model's tokenizer and chat template, and reports its lines.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long)]
    model: PathBuf,
    #[arg(long)]
    data: PathBuf,
    /// Lengths, packing and template; the defaults without it.
    #[arg(long)]
    recipe: Option<PathBuf>,
    /// Refuse a recipe whose largest batch would need more than this, whatever the data.
    #[arg(long, value_name = "BYTES")]
    memory_bytes_max: Option<u64>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let recipe = match &args.recipe {
        Some(path) => read_recipe(path)?,
        None => Recipe::default(),
    };
    let mut plan = Plan::of_data(args.model.clone(), args.data.clone(), recipe);
    plan.memory_bytes_max = args.memory_bytes_max;
    check_any_data(&plan)?;
    let prepared = prepare(&plan, &mut BufReader::new(io::stdin()))?;
    let steps_per_epoch = prepared.course.steps_per_epoch();
    let steps = plan.recipe.total_steps(steps_per_epoch);
    print_json(&serde_json::json!({
        "tokens": prepared.dataset.report.tokens,
        "targets": prepared.dataset.report.targets,
        "rows": prepared.course.rows(),
        "fill": prepared.fill,
        "steps_per_epoch": steps_per_epoch,
        "steps": steps,
        "epochs": steps as f64 / steps_per_epoch.max(1) as f64,
        "sha256": prepared.dataset.digest.to_string(),
        "bytes": prepared.dataset.bytes,
        "report": prepared.dataset.report,
    }))
}
