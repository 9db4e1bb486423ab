//! Prints a recipe with its defaults, in the form that is signed.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::process::read_recipe;
use crate::recipe::Recipe;

use super::print_json;

/// Prints a recipe with its defaults, and its digest.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A YAML or JSON file; without one the defaults are printed.
    file: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let recipe = match &args.file {
        Some(path) => read_recipe(path)?,
        None => Recipe::default(),
    };
    print_json(&serde_json::json!({
        "digest": recipe.digest().to_string(),
        "canonical": recipe.canonical(),
        "recipe": recipe,
    }))
}
