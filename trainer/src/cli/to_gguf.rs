//! Writes an adapter as a GGUF LoRA file.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::result::gguf::export;

use super::print_json;

/// Writes an adapter as a GGUF LoRA file, as llama.cpp loads it with --lora.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The base model's folder; only its config.json is read.
    #[arg(long)]
    model: PathBuf,
    /// The PEFT folder.
    #[arg(long)]
    adapter: PathBuf,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let tensors = export(&args.model, &args.adapter, &args.out)?;
    print_json(&serde_json::json!({ "out": args.out, "tensors": tensors }))
}
