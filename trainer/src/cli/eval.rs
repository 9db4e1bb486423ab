//! Compares a base model with its tuned form.

use std::io::{self, BufReader};
use std::path::PathBuf;

use crate::failure::{Code, Failure};
use crate::process::{Plan, evaluate, read_recipe};
use crate::recipe::Recipe;

use super::choice::precision;
use super::print_json;

/// Compares a base model with its tuned form: loss, perplexity and token accuracy on the same targets.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long)]
    model: PathBuf,
    /// The PEFT folder; without it the base model alone is evaluated.
    #[arg(long)]
    adapter: Option<PathBuf>,
    /// JSON lines; "-" is standard input. All of them are evaluated.
    #[arg(long)]
    data: PathBuf,
    /// Lengths and template; the defaults without it.
    #[arg(long)]
    recipe: Option<PathBuf>,
    #[arg(long)]
    threads: Option<usize>,
    #[arg(long, default_value = "f32")]
    precision: String,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let recipe = match &args.recipe {
        Some(path) => read_recipe(path)?,
        None => Recipe::default(),
    };
    let recipe = Recipe {
        val_set_size: 0.0,
        sample_packing: true,
        ..recipe
    };
    let plan = Plan {
        threads: args.threads,
        precision: Some(precision(&args.precision)?),
        ..Plan::of_data(args.model.clone(), args.data.clone(), recipe)
    };
    let mut input = BufReader::new(io::stdin());
    let compared = evaluate(&plan, args.adapter.as_deref(), &mut input)?;
    let json = serde_json::to_value(compared)
        .map_err(|error| Failure::because(Code::Internal, "cannot print the figures", error))?;
    print_json(&json)
}
