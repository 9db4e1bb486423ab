//! Adds an adapter into the full weights.

use std::path::PathBuf;

use crate::failure::{Code, Failure};

/// Adds an adapter into the full weights.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long)]
    model: PathBuf,
    #[arg(long)]
    adapter: PathBuf,
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    Err(Failure::new(
        Code::Internal,
        format!("not built yet: {args:?}"),
    ))
}
