//! Compares a base model with its tuned form on held-back data.

use std::path::PathBuf;

use crate::failure::{Code, Failure};

/// Compares a base model with its tuned form on held-back data.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long)]
    model: PathBuf,
    #[arg(long)]
    adapter: Option<PathBuf>,
    #[arg(long)]
    data: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    Err(Failure::new(
        Code::Internal,
        format!("not built yet: {args:?}"),
    ))
}
