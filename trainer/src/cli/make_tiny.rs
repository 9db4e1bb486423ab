//! Writes a tiny random model with tokenizer and chat template.

use std::path::PathBuf;

use crate::failure::{Code, Failure};

/// Writes a tiny random model with tokenizer and chat template.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder to write.
    dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    Err(Failure::new(
        Code::Internal,
        format!("not built yet: {args:?}"),
    ))
}
