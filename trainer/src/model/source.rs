//! Where frozen weights come from: safetensors files, or one GGUF file.

use std::path::{Path, PathBuf};

use super::gguf::GgufModel;
use super::{Matrix, ModelError, ModelFiles, ModelSpec};

/// Tensors by transformers' names.
pub(crate) trait Weights {
    fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, ModelError>;
    fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError>;
}

/// The weights of a model folder.
#[derive(Debug)]
pub enum ModelSource {
    Safetensors(ModelFiles),
    Gguf(GgufModel),
}

impl ModelSource {
    /// Opens what a folder holds; safetensors are taken before a GGUF file.
    pub fn open(folder: &Path, spec: &ModelSpec) -> Result<Self, ModelError> {
        if ModelFiles::lie_in(folder) {
            return ModelFiles::open(folder).map(Self::Safetensors);
        }
        match only_gguf(folder)? {
            Some(path) => GgufModel::open(&path, spec).map(Self::Gguf),
            // Says by name what is missing.
            None => ModelFiles::open(folder).map(Self::Safetensors),
        }
    }

    /// Bytes that the tensors take in memory in their own form.
    pub fn held_bytes(&self) -> u64 {
        match self {
            Self::Safetensors(files) => files.total_bytes(),
            Self::Gguf(model) => model.total_bytes(),
        }
    }

    /// Whether linear layers lie in fewer bits than they were trained in.
    pub fn is_quantised(&self) -> bool {
        match self {
            Self::Safetensors(files) => files.names().any(|name| files.is_nf4(name)),
            Self::Gguf(_) => true,
        }
    }
}

impl Weights for ModelSource {
    fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, ModelError> {
        match self {
            Self::Safetensors(files) => files.matrix(name, rows, cols),
            Self::Gguf(model) => model.matrix(name, rows, cols),
        }
    }

    fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        match self {
            Self::Safetensors(files) => files.vector(name, len),
            Self::Gguf(model) => model.vector(name, len),
        }
    }
}

/// The one file that ends in `.gguf`; of several, none can be meant.
fn only_gguf(folder: &Path) -> Result<Option<PathBuf>, ModelError> {
    let failed = |source| ModelError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|end| end == "gguf") {
            found.push(path);
        }
    }
    if found.len() > 1 {
        return Err(ModelError::Malformed {
            path: folder.to_owned(),
            reason: "it holds several GGUF files; split files are joined with llama-gguf-split"
                .to_owned(),
        });
    }
    Ok(found.pop())
}
