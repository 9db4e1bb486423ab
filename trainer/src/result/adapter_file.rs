//! `adapter_model.safetensors`: the adapter's tensors under PEFT's names.

use super::ResultError;
use crate::state::{Adapter, NamedTensor};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, serialize};
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// Writes an adapter in f32 with the metadata that transformers asks for, durably.
pub fn write_adapter(path: &Path, adapter: &Adapter) -> Result<Vec<u8>, ResultError> {
    let bytes: Vec<Vec<u8>> = adapter.tensors.iter().map(bytes_of).collect();
    let views = adapter.tensors.iter().zip(&bytes).map(|(tensor, bytes)| {
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes);
        view.map(|view| (tensor.name.clone(), view))
    });
    let views = views.collect::<Result<Vec<_>, _>>();
    let file = views.and_then(|views| serialize(views, Some(metadata())));
    let file = file.map_err(|error| ResultError::not_an_adapter(path, error))?;
    write_durably(path, &file)?;
    Ok(file)
}

/// Reads an adapter back; other float types become f32.
pub fn read_adapter(path: &Path) -> Result<Adapter, ResultError> {
    let file = fs::read(path).map_err(ResultError::read(path))?;
    let broken = |error| ResultError::not_an_adapter(path, error);
    let tensors = SafeTensors::deserialize(&file).map_err(broken)?;
    let mut named = Vec::new();
    for (name, view) in tensors.tensors() {
        let values = values_of(&view).ok_or_else(|| {
            ResultError::not_an_adapter(path, format!("{name} is of type {:?}", view.dtype()))
        })?;
        let shape = view.shape().to_vec();
        named.push(NamedTensor {
            name,
            shape,
            values,
        });
    }
    named.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Adapter { tensors: named })
}

#[expect(
    clippy::disallowed_types,
    reason = "the safetensors crate asks for this map; it holds one entry"
)]
fn metadata() -> std::collections::HashMap<String, String> {
    std::collections::HashMap::from([("format".to_owned(), "pt".to_owned())])
}

fn bytes_of(tensor: &NamedTensor) -> Vec<u8> {
    tensor
        .values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn values_of(view: &TensorView<'_>) -> Option<Vec<f32>> {
    let data = view.data();
    let words = || data.as_chunks::<2>().0.iter().copied();
    let dtype = view.dtype();
    if dtype == Dtype::F32 {
        let bytes = data.as_chunks::<4>().0.iter();
        Some(bytes.map(|bytes| f32::from_le_bytes(*bytes)).collect())
    } else if dtype == Dtype::BF16 {
        Some(
            words()
                .map(|word| half::bf16::from_le_bytes(word).to_f32())
                .collect(),
        )
    } else if dtype == Dtype::F16 {
        Some(
            words()
                .map(|word| half::f16::from_le_bytes(word).to_f32())
                .collect(),
        )
    } else {
        None
    }
}

/// Writes a file and waits until it is on the disk.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), ResultError> {
    let mut file = fs::File::create(path).map_err(ResultError::write(path))?;
    file.write_all(bytes).map_err(ResultError::write(path))?;
    file.sync_all().map_err(ResultError::write(path))
}
