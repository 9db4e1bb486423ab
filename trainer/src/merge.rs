//! Full weights of a tuned model: W + s B A where there is an adapter, the base's own bytes elsewhere.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::backend::BackendError;
use crate::lora::{Layout, Slot};
use crate::model::{ModelError, ModelFiles, read_spec};
use crate::peft::{read_adapter, read_adapter_config};
use crate::tensorfile::{Plan, Stored, write_streaming};

/// Why there are no merged weights.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    #[error("cannot read the model or the adapter")]
    Model(#[from] ModelError),
    #[error("the adapter does not fit the model")]
    Adapter(#[from] BackendError),
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// Writes `out/model.safetensors` in the base's types, and copies its other small files.
pub fn merge(model: &Path, adapter: &Path, out: &Path) -> Result<(), MergeError> {
    let layout = Layout::new(
        &read_spec(model)?,
        &read_adapter_config(adapter)?.settings()?,
    )?;
    let flat = layout.flat(&read_adapter(adapter)?)?;
    let files = ModelFiles::open(model)?;
    let slots: BTreeMap<String, &Slot> = layout
        .slots
        .iter()
        .map(|s| (format!("{}.weight", s.module), s))
        .collect();
    let path = out.join("model.safetensors");
    let failed = |source| MergeError::Write {
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(out).map_err(failed)?;
    let values = |name: &str| {
        let mut weight = files.values(name).map_err(io::Error::other)?;
        if let Some(slot) = slots.get(name) {
            slot.add_product(&flat, &mut weight);
        }
        Ok(weight)
    };
    write_streaming(&path, plans(&files)?, values).map_err(failed)?;
    copy_the_rest(model, out).map_err(|source| MergeError::Write {
        path: out.to_owned(),
        source,
    })
}

fn plans(files: &ModelFiles) -> Result<Vec<Plan>, ModelError> {
    let plan = |name: &str| {
        let entry = files.entry(name);
        let stored = entry
            .and_then(|e| Stored::from_dtype(e.dtype))
            .ok_or_else(|| ModelError::Tensor {
                name: name.to_owned(),
                reason: "has a dtype that cannot be merged".to_owned(),
            })?;
        let shape = entry.map(|e| e.shape.clone()).unwrap_or_default();
        Ok(Plan {
            name: name.to_owned(),
            stored,
            shape,
        })
    };
    files.names().map(plan).collect()
}

/// Everything but weights: configuration, tokenizer, templates.
fn copy_the_rest(model: &Path, out: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(model)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let small = [".json", ".jinja", ".txt", ".model"]
            .iter()
            .any(|end| text.ends_with(end));
        if small && !text.ends_with(".index.json") && entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), out.join(&name))?;
        }
    }
    Ok(())
}

impl Slot {
    /// weight += scale · B A, in f32.
    fn add_product(&self, flat: &[f32], weight: &mut [f32]) {
        let (a, b) = (
            &flat[self.a..][..self.rank * self.inputs],
            &flat[self.b..][..self.rank * self.outputs],
        );
        for (o, row) in weight.chunks_mut(self.inputs).enumerate() {
            for r in 0..self.rank {
                let factor = self.scale * b[r * self.outputs + o];
                row.iter_mut()
                    .zip(&a[r * self.inputs..])
                    .for_each(|(w, a)| *w += factor * a);
            }
        }
    }
}
