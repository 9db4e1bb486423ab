//! Reading and writing adapter folders.

use std::io;
use std::path::Path;

use super::AdapterConfig;
use crate::model::{ModelError, ModelFiles};
use crate::state::{Adapter, NamedTensor};
use crate::tensorfile::write_f32;

const WEIGHTS: &str = "adapter_model.safetensors";
const CONFIG: &str = "adapter_config.json";

pub fn read_adapter_config(folder: &Path) -> Result<AdapterConfig, ModelError> {
    let path = folder.join(CONFIG);
    let text = std::fs::read(&path).map_err(|source| ModelError::Read {
        path: path.clone(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|e| ModelError::Malformed {
        path,
        reason: e.to_string(),
    })
}

pub fn read_adapter(folder: &Path) -> Result<Adapter, ModelError> {
    let files = ModelFiles::of_file(&folder.join(WEIGHTS))?;
    let tensor = |name: &str| {
        let shape = files
            .entry(name)
            .map(|e| e.shape.clone())
            .unwrap_or_default();
        Ok(NamedTensor {
            name: name.to_owned(),
            shape,
            values: files.values(name)?,
        })
    };
    Ok(Adapter {
        tensors: files
            .names()
            .map(tensor)
            .collect::<Result<_, ModelError>>()?,
    })
}

/// Writes both files; the folder is made if need be.
pub fn write_adapter(folder: &Path, config: &AdapterConfig, adapter: &Adapter) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    write_f32(&folder.join(WEIGHTS), &adapter.tensors)?;
    let text = serde_json::to_string_pretty(config).map_err(io::Error::other)?;
    std::fs::write(folder.join(CONFIG), text + "\n")
}
