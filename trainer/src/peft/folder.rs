//! Reading and writing adapter folders.

use std::fs::File;
use std::io;
use std::path::Path;

use super::AdapterConfig;
use crate::model::{ModelError, ModelFiles};
use crate::state::{Adapter, NamedTensor};
use crate::tensorfile::write_f32;

pub const ADAPTER_FILE: &str = "adapter_model.safetensors";
pub const CONFIG_FILE: &str = "adapter_config.json";

pub fn read_adapter_config(folder: &Path) -> Result<AdapterConfig, ModelError> {
    let path = folder.join(CONFIG_FILE);
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
    let files = ModelFiles::of_file(&folder.join(ADAPTER_FILE))?;
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

/// Writes both files and waits until they are on the disk; the folder is made if need be.
pub fn write_adapter(folder: &Path, config: &AdapterConfig, adapter: &Adapter) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let (weights, settings) = (folder.join(ADAPTER_FILE), folder.join(CONFIG_FILE));
    write_f32(&weights, &adapter.tensors)?;
    let text = serde_json::to_string_pretty(config).map_err(io::Error::other)?;
    std::fs::write(&settings, text + "\n")?;
    File::open(weights)?.sync_all()?;
    File::open(settings)?.sync_all()
}
