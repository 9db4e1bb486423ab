//! What a run leaves behind: a PEFT folder that other tools load unchanged.

mod adapter_file;
mod card;
mod error;
mod folder;
pub mod gguf;
mod manifest;
mod peft_config;

pub use adapter_file::{read_adapter, write_adapter};
pub use error::ResultError;
pub use folder::{
    ADAPTER_FILE, CONFIG_FILE, MANIFEST_FILE, ResultFolder, STEPS_FILE, digests, write_result,
};
pub use manifest::{Ending, EvalFigures, Manifest, StepFigures};
pub use peft_config::{Half, PeftConfig, split_name};
