//! Writing safetensors files: names sorted, so the same tensors are the same bytes.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::state::NamedTensor;

/// What is written for one tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    F32,
    Bf16,
    F16,
}

impl Stored {
    /// The same as a file's type, if it is a weight's.
    pub fn from_dtype(dtype: safetensors::Dtype) -> Option<Self> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "all other types are refused, also future ones"
        )]
        match dtype {
            safetensors::Dtype::F32 => Some(Self::F32),
            safetensors::Dtype::BF16 => Some(Self::Bf16),
            safetensors::Dtype::F16 => Some(Self::F16),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::Bf16 => "BF16",
            Self::F16 => "F16",
        }
    }

    fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::F16 => 2,
        }
    }

    fn write(self, value: f32, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::F32 => out.write_all(&value.to_le_bytes()),
            Self::Bf16 => out.write_all(&half::bf16::from_f32(value).to_le_bytes()),
            Self::F16 => out.write_all(&half::f16::from_f32(value).to_le_bytes()),
        }
    }
}

/// A tensor's name, type and shape; its values are asked for when they are written.
#[derive(Clone, Debug)]
pub struct Plan {
    pub name: String,
    pub stored: Stored,
    pub shape: Vec<usize>,
}

/// Writes f32 tensors, with `format: pt` as transformers and PEFT expect.
pub fn write_f32(path: &Path, tensors: &[NamedTensor]) -> io::Result<()> {
    let by_name: BTreeMap<&str, &NamedTensor> =
        tensors.iter().map(|t| (t.name.as_str(), t)).collect();
    let plans: Vec<Plan> = tensors
        .iter()
        .map(|t| Plan {
            name: t.name.clone(),
            stored: Stored::F32,
            shape: t.shape.clone(),
        })
        .collect();
    write_streaming(path, plans, |name| {
        Ok(by_name
            .get(name)
            .map_or_else(Vec::new, |t| t.values.clone()))
    })
}

/// Writes tensors one at a time, so that only one is in memory.
pub fn write_streaming(
    path: &Path,
    mut plans: Vec<Plan>,
    mut values: impl FnMut(&str) -> io::Result<Vec<f32>>,
) -> io::Result<()> {
    plans.sort_by(|a, b| a.name.cmp(&b.name));
    let mut out = BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    let header = header(&plans);
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    for plan in &plans {
        for value in values(&plan.name)? {
            plan.stored.write(value, &mut out)?;
        }
    }
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()
}

fn header(plans: &[Plan]) -> String {
    let mut entries = Map::new();
    entries.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut offset = 0;
    for plan in plans {
        let end = offset + plan.shape.iter().product::<usize>() * plan.stored.size();
        let entry = json!({"dtype": plan.stored.name(), "shape": plan.shape, "data_offsets": [offset, end]});
        entries.insert(plan.name.clone(), entry);
        offset = end;
    }
    let mut text = Value::Object(entries).to_string();
    // The data shall begin at a multiple of eight.
    while !text.len().is_multiple_of(8) {
        text.push(' ');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelFiles;

    #[test]
    fn what_is_written_is_read_back_by_the_library_and_by_us() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        let tensor = |name: &str, values: &[f32]| NamedTensor {
            name: name.to_owned(),
            shape: vec![values.len()],
            values: values.to_vec(),
        };
        let tensors = [tensor("b", &[1.5, -2.0]), tensor("a", &[0.25])];

        write_f32(&path, &tensors).unwrap();

        let bytes = std::fs::read(&path).unwrap();
        let library = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(
            library.tensor("b").unwrap().data(),
            [1.5_f32, -2.0].map(f32::to_le_bytes).concat()
        );
        let ours = ModelFiles::of_file(&path).unwrap();
        assert_eq!(ours.values("a").unwrap(), [0.25]);
        assert_eq!(ours.values("b").unwrap(), [1.5, -2.0]);
    }
}
