//! Models in llama.cpp's files: quantised bases that are trained on as they lie.

mod header;
mod names;
mod weights;

pub(crate) use names::{architecture, layer};
pub use weights::GgufModel;
