//! Writes a tiny random model with tokenizer and chat template.

use std::path::PathBuf;

use crate::failure::{Code, Failure};
use crate::tiny;

/// Writes a tiny random Llama with tokenizer and chat template, for tests and the demo.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder to write.
    dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    tiny::write_model(&args.dir)
        .map_err(|error| Failure::because(Code::Disk, "cannot write the tiny model", error))
}
