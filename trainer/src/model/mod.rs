//! Models as they lie on disk: what they are and what their tensors hold.

mod config;
mod error;
mod files;
mod matrix;
mod nf4;
mod rope;
mod spec;

pub use config::read_spec;
pub use error::ModelError;
pub use files::{ModelFiles, TensorEntry};
pub use matrix::Matrix;
pub use rope::{Rope, RopeTable, Yarn};
pub use spec::{ActivationKind, Architecture, ModelSpec};
