//! An adapter as one GGUF file, as llama.cpp loads it with `--lora`.

mod export;
mod names;
mod writer;

pub use export::export;
pub use writer::{GgufFile, GgufValue};
