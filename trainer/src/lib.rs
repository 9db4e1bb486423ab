//! LoRA training: data in, an adapter out, every number reproducible.
#![allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "numeric code converts between index and float types on every line; sizes are checked where files are read"
)]
#![allow(
    clippy::needless_for_each,
    clippy::needless_pass_by_value,
    reason = "one-line passes over slices read as one line; structs of mutable slices are handed over whole"
)]
#![allow(
    clippy::many_single_char_names,
    clippy::similar_names,
    reason = "q, k, v, dq, dk, dv are what everybody calls them"
)]
#![cfg_attr(
    test,
    allow(
        clippy::float_cmp,
        reason = "many numbers here must be equal to the bit"
    )
)]
#![allow(
    clippy::doc_markdown,
    reason = "LoRA, AdamW and the like are names, not code"
)]

pub mod backend;
pub mod batch;
pub mod checkpoint;
pub mod cli;
pub mod cpu;
pub mod data;
pub mod evaluation;
pub mod failure;
mod kernel;
mod lora;
pub mod merge;
pub mod model;
pub mod noise;
pub mod peft;
pub mod process;
#[cfg(test)]
mod proof;
pub mod reference;
pub mod result;
pub mod settings;
pub mod state;
pub mod template;
pub mod tensorfile;
pub mod tiny;
pub mod tokenizer;
mod trained;

pub use backend::Backend;
pub use batch::Batch;
pub use failure::Failure;
pub use recipe::{self, digest};
