//! Measures training speed on random weights of a known shape.

use std::path::PathBuf;

use crate::failure::{Code, Failure};

/// Measures training speed on random weights of a known shape.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long)]
    shape: String,
    #[arg(long)]
    batch: usize,
    #[arg(long)]
    seq: usize,
    #[arg(long)]
    steps: usize,
    #[arg(long, default_value = "cpu")]
    device: String,
    #[arg(long, default_value = "f32")]
    precision: String,
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    Err(Failure::new(
        Code::Internal,
        format!("not built yet: {args:?}"),
    ))
}
