//! Models as they lie on disk: what they are and what their tensors hold.

mod bitsandbytes;
mod blocks;
mod config;
mod config_keys;
mod config_rope;
mod error;
mod files;
mod gguf;
mod matrix;
mod nf4;
mod rope;
mod source;
mod spec;

pub use config::read_spec;
pub use error::ModelError;
pub use files::{ModelFiles, TensorEntry};
pub use gguf::GgufModel;
pub(crate) use gguf::{architecture, layer};
pub use matrix::Matrix;
pub use rope::{Rope, RopeTable, Yarn};
pub use source::ModelSource;
pub(crate) use source::Weights;
pub use spec::{ActivationKind, Architecture, ModelSpec};
