//! Trains on the folder of a parity generator and writes what a judge compares.

use std::path::PathBuf;

use crate::failure::{Code, Failure};

/// Trains on the folder of a parity generator and writes what a judge compares.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long)]
    dir: PathBuf,
    #[arg(long)]
    steps: usize,
    #[arg(long, default_value = "f32")]
    precision: String,
    #[arg(long, default_value = "cpu")]
    backend: String,
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    Err(Failure::new(
        Code::Internal,
        format!("not built yet: {args:?}"),
    ))
}
