//! Counts the tokens of a data set.

use std::path::PathBuf;

use crate::failure::{Code, Failure};

/// Counts the tokens of a data set.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[arg(long)]
    model: PathBuf,
    #[arg(long)]
    data: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    Err(Failure::new(
        Code::Internal,
        format!("not built yet: {args:?}"),
    ))
}
