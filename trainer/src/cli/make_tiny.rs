//! Writes a tiny random model with tokenizer and chat template.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::tiny;

/// Writes a tiny random Llama with tokenizer and chat template, for tests and the demo.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder to write.
    dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    Ok(tiny::write_model(&args.dir)?)
}
