//! The weights of a GGUF file under transformers' names, in its own blocks.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::Dtype;

use super::header::{Header, TensorInfo};
use super::{architecture, layer};
use crate::model::blocks::BlockKind;
use crate::model::{Matrix, ModelError, ModelSpec};

/// A GGUF file that holds a model of a known shape.
#[derive(Debug)]
pub struct GgufModel {
    path: PathBuf,
    header: Header,
    /// q and k of Llama-like models lie with neighbouring rows for their rotation; this is their heads' length.
    turned: Option<usize>,
}

/// How a tensor's values lie.
#[derive(Clone, Copy)]
enum Kind {
    Plain(Dtype),
    Blocks(BlockKind),
}

impl Kind {
    /// Numbers of `ggml_type` in ggml.h.
    fn of(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Plain(Dtype::F32),
            1 => Self::Plain(Dtype::F16),
            30 => Self::Plain(Dtype::BF16),
            2 => Self::Blocks(BlockKind::Q4_0),
            6 => Self::Blocks(BlockKind::Q5_0),
            8 => Self::Blocks(BlockKind::Q8_0),
            12 => Self::Blocks(BlockKind::Q4K),
            13 => Self::Blocks(BlockKind::Q5K),
            14 => Self::Blocks(BlockKind::Q6K),
            _ => return None,
        })
    }

    /// Bytes of a row, if it is whole.
    fn row_bytes(self, cols: usize) -> Option<usize> {
        match self {
            Self::Plain(dtype) => cols.checked_mul(dtype.bitsize() / 8),
            Self::Blocks(kind) if cols.is_multiple_of(kind.values()) => {
                (cols / kind.values()).checked_mul(kind.bytes())
            }
            Self::Blocks(_) => None,
        }
    }
}

impl GgufModel {
    /// Opens a file and checks that it is of the family that `config.json` describes.
    pub fn open(path: &Path, spec: &ModelSpec) -> Result<Self, ModelError> {
        let failed = |source| ModelError::Read {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let header = Header::read(BufReader::new(file)).map_err(|e| ModelError::Malformed {
            path: path.to_owned(),
            reason: e.to_string(),
        })?;
        let expected = spec.architecture.gguf_name().ok_or_else(|| {
            ModelError::Architecture(format!("{:?} in a GGUF file", spec.architecture))
        })?;
        if header.architecture.as_deref() != Some(expected) {
            return Err(ModelError::Malformed {
                path: path.to_owned(),
                reason: format!(
                    "it holds {:?}, and config.json says {expected:?}",
                    header.architecture.as_deref().unwrap_or("nothing")
                ),
            });
        }
        let turned = (expected == "llama").then_some(spec.head_dim);
        let path = path.to_owned();
        Ok(Self {
            path,
            header,
            turned,
        })
    }

    /// Bytes of all tensors as they lie and are held.
    pub fn total_bytes(&self) -> u64 {
        let bytes = |info: &TensorInfo| {
            let cols = usize::try_from(*info.dimensions.first()?).ok()?;
            let row = Kind::of(info.kind)?.row_bytes(cols)? as u64;
            let mut rows = info.dimensions.iter().skip(1);
            rows.try_fold(row, |bytes, d| bytes.checked_mul(*d))
        };
        let tensors = self.header.tensors.values();
        tensors
            .filter_map(bytes)
            .fold(0, |sum: u64, bytes| sum.saturating_add(bytes))
    }

    pub(crate) fn matrix(
        &self,
        name: &str,
        rows: usize,
        cols: usize,
    ) -> Result<Matrix, ModelError> {
        let (info, kind) = self.find(name)?;
        if info.dimensions != [cols as u64, rows as u64] {
            return Err(wrong(
                name,
                format!(
                    "has dimensions {:?} where {:?} were expected",
                    info.dimensions,
                    [cols, rows]
                ),
            ));
        }
        let read = self.read(name, info, kind, rows, cols)?;
        match self.turned.filter(|_| is_rotated(name)) {
            Some(head) => upright(name, kind, &read, (rows, cols), head),
            None => held(name, kind, read, rows, cols),
        }
    }

    pub(crate) fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        let (info, kind) = self.find(name)?;
        if info.dimensions != [len as u64] {
            return Err(wrong(
                name,
                format!(
                    "has dimensions {:?} where [{len}] was expected",
                    info.dimensions
                ),
            ));
        }
        let read = self.read(name, info, kind, 1, len)?;
        let values = held(name, kind, read, 1, len)?.to_f32();
        match self.turned.filter(|_| is_rotated(name)) {
            Some(head) => Ok((0..len).map(|row| values[lying(row, head)]).collect()),
            None => Ok(values),
        }
    }

    fn find(&self, name: &str) -> Result<(&TensorInfo, Kind), ModelError> {
        let own = own_name(name).ok_or_else(|| wrong(name, "has no name in GGUF"))?;
        let info = self.header.tensors.get(&own);
        let info = info.ok_or_else(|| wrong(name, format!("is missing ({own})")))?;
        let kind = Kind::of(info.kind)
            .ok_or_else(|| wrong(name, format!("is of type {}, which is not trained on; F32, F16, BF16, Q8_0, Q4_0, Q5_0, Q4_K, Q5_K and Q6_K are", info.kind)))?;
        Ok((info, kind))
    }

    /// The bytes of whole rows.
    fn read(
        &self,
        name: &str,
        info: &TensorInfo,
        kind: Kind,
        rows: usize,
        cols: usize,
    ) -> Result<Vec<u8>, ModelError> {
        let len = kind.row_bytes(cols).and_then(|row| row.checked_mul(rows));
        let len = len.ok_or_else(|| wrong(name, format!("has rows of {cols}, no whole blocks")))?;
        let failed = |source| ModelError::Read {
            path: self.path.clone(),
            source,
        };
        let mut file = File::open(&self.path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let start = self.header.start.saturating_add(info.offset);
        if start.saturating_add(len as u64) > size {
            return Err(ModelError::Malformed {
                path: self.path.clone(),
                reason: format!("it is truncated: {name} ends beyond {size} bytes"),
            });
        }
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        let mut bytes = vec![0; len];
        file.read_exact(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }
}

fn held(
    name: &str,
    kind: Kind,
    bytes: Vec<u8>,
    rows: usize,
    cols: usize,
) -> Result<Matrix, ModelError> {
    match kind {
        Kind::Blocks(kind) => Ok(Matrix::from_blocks(rows, cols, kind, bytes)),
        Kind::Plain(dtype) => Matrix::read(dtype, rows, cols, &mut bytes.as_slice())
            .map_err(|e| wrong(name, e.to_string())),
    }
}

/// Rows back in the order of transformers: blocks lie along rows, so whole rows move.
fn upright(
    name: &str,
    kind: Kind,
    bytes: &[u8],
    (rows, cols): (usize, usize),
    head: usize,
) -> Result<Matrix, ModelError> {
    let row = bytes.len() / rows.max(1);
    let moved = (0..rows).flat_map(|at| &bytes[lying(at, head) * row..][..row]);
    held(name, kind, moved.copied().collect(), rows, cols)
}

/// Where row `row` of transformers lies in llama.cpp's file: halves of a head are neighbours there.
fn lying(row: usize, head: usize) -> usize {
    let (start, at) = (row / head * head, row % head);
    start + at % (head / 2) * 2 + at / (head / 2)
}

/// q and k, weights and biases.
fn is_rotated(name: &str) -> bool {
    name.contains("q_proj.") || name.contains("k_proj.")
}

/// `model.layers.3.self_attn.q_proj.weight` is `blk.3.attn_q.weight`.
fn own_name(name: &str) -> Option<String> {
    let (module, end) = name.rsplit_once('.')?;
    let own = match module {
        "model.embed_tokens" => "token_embd".to_owned(),
        "model.norm" => "output_norm".to_owned(),
        "lm_head" => "output".to_owned(),
        _ => layer(module).or_else(|| norm(module))?,
    };
    Some(format!("{own}.{end}"))
}

fn norm(module: &str) -> Option<String> {
    let (index, part) = module.strip_prefix("model.layers.")?.split_once('.')?;
    let part = match part {
        "input_layernorm" => "attn_norm",
        "post_attention_layernorm" => "ffn_norm",
        "self_attn.q_norm" => "attn_q_norm",
        "self_attn.k_norm" => "attn_k_norm",
        _ => return None,
    };
    Some(format!("blk.{index}.{part}"))
}

fn wrong(name: &str, reason: impl Into<String>) -> ModelError {
    ModelError::Tensor {
        name: name.to_owned(),
        reason: reason.into(),
    }
}

impl crate::model::Architecture {
    /// What llama.cpp calls the family. Gemma's files hold norms of another meaning and are left out.
    fn gguf_name(self) -> Option<&'static str> {
        match self {
            Self::Llama => architecture("llama"),
            Self::Mistral => architecture("mistral"),
            Self::Qwen2 => architecture("qwen2"),
            Self::Qwen3 => architecture("qwen3"),
            Self::Phi3 => architecture("phi3"),
            Self::Gemma | Self::Gemma2 | Self::Gemma3 => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_head_are_found_between_each_other() {
        // Heads of four: transformers has 0 1 | 2 3, llama.cpp lays them 0 2 1 3.
        let lying: Vec<usize> = (0..8).map(|row| lying(row, 4)).collect();

        assert_eq!(lying, [0, 2, 1, 3, 4, 6, 5, 7]);
    }

    #[test]
    fn names_are_those_of_llama_cpp() {
        let cases = [
            ("model.embed_tokens.weight", "token_embd.weight"),
            ("lm_head.weight", "output.weight"),
            ("model.layers.2.self_attn.q_proj.bias", "blk.2.attn_q.bias"),
            (
                "model.layers.0.mlp.gate_proj.weight",
                "blk.0.ffn_gate.weight",
            ),
            (
                "model.layers.1.self_attn.k_norm.weight",
                "blk.1.attn_k_norm.weight",
            ),
        ];
        for (name, own) in cases {
            assert_eq!(own_name(name).as_deref(), Some(own));
        }
        assert_eq!(own_name("model.layers.0.surprise.weight"), None);
    }
}
