//! Fine-tunes a model on a data set.

use std::path::PathBuf;

use crate::failure::{Code, Failure};

/// Fine-tunes a model on a data set.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long)]
    model: Option<PathBuf>,
    #[arg(long)]
    data: Option<PathBuf>,
    #[arg(long)]
    recipe: Option<PathBuf>,
    #[arg(long)]
    out: Option<PathBuf>,
    /// The whole order of work as one JSON file, in place of the four above; "-" is standard input.
    #[arg(long)]
    plan: Option<PathBuf>,
    #[arg(long)]
    checkpoint_dir: Option<PathBuf>,
    #[arg(long)]
    resume: bool,
    #[arg(long)]
    threads: Option<usize>,
    #[arg(long, default_value = "cpu")]
    device: String,
    #[arg(long)]
    precision: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    Err(Failure::new(
        Code::Internal,
        format!("not built yet: {args:?}"),
    ))
}
