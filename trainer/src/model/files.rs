//! The safetensors files of a model folder: headers read once, tensors streamed one at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::{Matrix, ModelError, bitsandbytes};

/// Where a tensor lies.
#[derive(Clone, Debug)]
pub struct TensorEntry {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    file: usize,
    offset: u64,
    len: usize,
}

/// All tensors of a folder by name.
#[derive(Debug)]
pub struct ModelFiles {
    paths: Vec<PathBuf>,
    entries: BTreeMap<String, TensorEntry>,
}

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// Headers beyond this are not believed.
const HEADER_BYTES_MAX: u64 = 100 << 20;

impl ModelFiles {
    /// Opens a folder with `model.safetensors` or with shards and their index.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        Self::of_paths(shards(folder)?)
    }

    /// Opens one file.
    pub fn of_file(path: &Path) -> Result<Self, ModelError> {
        Self::of_paths(vec![path.to_owned()])
    }

    fn of_paths(paths: Vec<PathBuf>) -> Result<Self, ModelError> {
        let mut files = Self {
            paths,
            entries: BTreeMap::new(),
        };
        for file in 0..files.paths.len() {
            files.read_header(file)?;
        }
        Ok(files)
    }

    fn read_header(&mut self, file: usize) -> Result<(), ModelError> {
        let path = &self.paths[file];
        let (header, start, size) = header_of(path)?;
        for (name, info) in header.tensors() {
            let (from, to) = info.data_offsets;
            let claimed = info
                .shape
                .iter()
                .try_fold(info.dtype.bitsize(), |n, d| n.checked_mul(*d));
            if to < from || claimed != (to - from).checked_mul(8) {
                return Err(malformed(
                    path,
                    format!("{name} has {from}..{to} bytes for shape {:?}", info.shape),
                ));
            }
            if start + to as u64 > size {
                return Err(malformed(
                    path,
                    format!(
                        "it is truncated: {name} ends at {} of {size}",
                        start + to as u64
                    ),
                ));
            }
            let entry = TensorEntry {
                dtype: info.dtype,
                shape: info.shape.clone(),
                file,
                offset: start + from as u64,
                len: to - from,
            };
            self.entries.insert(name, entry);
        }
        Ok(())
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    pub fn entry(&self, name: &str) -> Option<&TensorEntry> {
        self.entries.get(name)
    }

    /// The tensor's bytes as they lie in the file.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, ModelError> {
        let (mut file, entry) = self.at(name)?;
        let mut bytes = vec![0; entry.len];
        let path = &self.paths[entry.file];
        file.read_exact(&mut bytes)
            .map_err(|source| ModelError::Read {
                path: path.clone(),
                source,
            })?;
        Ok(bytes)
    }

    /// The file, positioned where the tensor begins.
    fn at(&self, name: &str) -> Result<(File, &TensorEntry), ModelError> {
        let entry = self.entry(name).ok_or_else(|| tensor(name, "is missing"))?;
        let path = &self.paths[entry.file];
        let open = || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(entry.offset))?;
            Ok(file)
        };
        let file = open().map_err(|source| ModelError::Read {
            path: path.clone(),
            source,
        })?;
        Ok((file, entry))
    }

    /// Whether a folder holds safetensors.
    pub(super) fn lie_in(folder: &Path) -> bool {
        [SINGLE, INDEX]
            .iter()
            .any(|name| folder.join(name).exists())
    }

    /// A matrix of exactly this shape, in the file's own precision.
    pub fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, ModelError> {
        if self.is_nf4(name) {
            return self.nf4(name, rows, cols);
        }
        self.expect_shape(name, &[rows, cols])?;
        self.read(name, rows, cols)
    }

    fn read(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, ModelError> {
        let (mut file, entry) = self.at(name)?;
        if !Matrix::holds(entry.dtype) {
            return Err(tensor(
                name,
                format!("has dtype {:?}, which is not trained on", entry.dtype),
            ));
        }
        let read = Matrix::read(entry.dtype, rows, cols, &mut file);
        read.map_err(|source| ModelError::Read {
            path: self.paths[entry.file].clone(),
            source,
        })
    }

    /// A vector of exactly this length, as f32.
    pub fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        self.expect_shape(name, &[len])?;
        self.values(name)
    }

    /// Any tensor's values as f32.
    pub fn values(&self, name: &str) -> Result<Vec<f32>, ModelError> {
        let entry = self.entry(name).ok_or_else(|| tensor(name, "is missing"))?;
        Ok(self.read(name, 1, entry.shape.iter().product())?.to_f32())
    }

    /// Bytes of all tensors once they are held.
    pub fn total_bytes(&self) -> u64 {
        let held = |(name, e): (&String, &TensorEntry)| {
            bitsandbytes::held_bytes(name, e.shape.iter().product(), e.len) as u64
        };
        self.entries.iter().map(held).sum()
    }

    fn expect_shape(&self, name: &str, shape: &[usize]) -> Result<(), ModelError> {
        let entry = self.entry(name).ok_or_else(|| tensor(name, "is missing"))?;
        if entry.shape == shape {
            return Ok(());
        }
        Err(tensor(
            name,
            format!("has shape {:?} where {shape:?} was expected", entry.shape),
        ))
    }
}

fn tensor(name: &str, reason: impl Into<String>) -> ModelError {
    ModelError::Tensor {
        name: name.to_owned(),
        reason: reason.into(),
    }
}

fn malformed(path: &Path, reason: String) -> ModelError {
    ModelError::Malformed {
        path: path.to_owned(),
        reason,
    }
}

/// The header, where the data begin, and the file's size.
fn header_of(path: &Path) -> Result<(Metadata, u64, u64), ModelError> {
    let failed = |source| ModelError::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut prefix = [0; 8];
    file.read_exact(&mut prefix).map_err(failed)?;
    let len = u64::from_le_bytes(prefix);
    if len > HEADER_BYTES_MAX || len + 8 > size {
        return Err(malformed(
            path,
            format!("its header claims {len} bytes of {size}"),
        ));
    }
    let mut header = vec![0; len as usize];
    file.read_exact(&mut header).map_err(failed)?;
    let parsed = serde_json::from_slice::<Metadata>(&header);
    Ok((
        parsed.map_err(|e| malformed(path, e.to_string()))?,
        len + 8,
        size,
    ))
}

fn shards(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let index = folder.join(INDEX);
    if !index.exists() {
        return Ok(vec![folder.join(SINGLE)]);
    }
    let text = std::fs::read(&index).map_err(|source| ModelError::Read {
        path: index.clone(),
        source,
    })?;
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|e| malformed(&index, e.to_string()))?;
    let map = value.get("weight_map").and_then(|m| m.as_object());
    let map = map.ok_or_else(|| malformed(&index, "weight_map is missing".to_owned()))?;
    let mut names: Vec<&str> = map.values().filter_map(|v| v.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    // A shard's name is a plain file name: nothing may lead out of the folder.
    if let Some(name) = names
        .iter()
        .find(|n| n.contains(['/', '\\']) || n.starts_with('.'))
    {
        return Err(malformed(&index, format!("it names the file {name:?}")));
    }
    Ok(names.into_iter().map(|n| folder.join(n)).collect())
}
