//! What a run leaves behind: a PEFT folder that other tools load unchanged.

mod card;
mod error;
mod folder;
pub mod gguf;
mod manifest;

pub use error::ResultError;
pub use folder::{MANIFEST_FILE, ResultFolder, STEPS_FILE, digests, write_result};
pub use manifest::{Ending, EvalFigures, Manifest, StepFigures};
