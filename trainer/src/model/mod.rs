//! Models as they lie on disk: what they are and what their tensors hold.

mod error;

pub use error::ModelError;
