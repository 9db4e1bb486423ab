//! Why a model folder cannot be used.

use std::path::PathBuf;

/// Why a model folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} is not what its name says: {reason}", path.display())]
    Malformed { path: PathBuf, reason: String },
    #[error("architecture {0:?} is not one of those trained here")]
    Architecture(String),
    #[error("config.json: {0}")]
    Config(String),
    #[error("tensor {name} {reason}")]
    Tensor { name: String, reason: String },
}
