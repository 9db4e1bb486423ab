//! Adds an adapter into the full weights.

use std::path::PathBuf;

use crate::failure::{Code, Failure};
use crate::merge::{MergeError, merge};

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
    let code = |e: &MergeError| match e {
        MergeError::Model(_) | MergeError::Adapter(_) => Code::Model,
        MergeError::Write { .. } => Code::Disk,
    };
    merge(&args.model, &args.adapter, &args.out)
        .map_err(|e| Failure::because(code(&e), "cannot merge the adapter", e))
}
