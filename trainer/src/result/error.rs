//! Why a result cannot be written or read.

use crate::model::ModelError;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is no adapter: {reason}", path.display())]
    NotAnAdapter { path: PathBuf, reason: String },
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("{} has no GGUF form: {reason}", path.display())]
    NoGguf { path: PathBuf, reason: String },
}

impl ResultError {
    pub(super) fn write(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn read(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn not_an_adapter(path: &Path, reason: &impl ToString) -> Self {
        Self::NotAnAdapter {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}
