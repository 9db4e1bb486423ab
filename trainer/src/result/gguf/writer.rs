//! The GGUF container, version 3: key-value pairs, then f32 tensors.

use std::io::{self, Write};

const MAGIC: u32 = 0x4655_4747;
const VERSION: u32 = 3;
/// Tensor data starts at a multiple of this, and so does each tensor.
const ALIGNMENT: usize = 32;

/// A value of a key. The numbers before the bytes are GGUF's type codes.
#[derive(Clone, Debug, PartialEq)]
pub enum GgufValue {
    Text(String),
    Float(f32),
    Unsigned(u32),
}

#[derive(Clone, Debug, PartialEq)]
pub struct GgufTensor {
    pub name: String,
    /// Row-major, as we have it; the file lists dimensions the other way round.
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct GgufFile {
    pub pairs: Vec<(String, GgufValue)>,
    pub tensors: Vec<GgufTensor>,
}

impl GgufFile {
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let header = self.header();
        out.write_all(&header)?;
        pad(out, header.len())?;
        for tensor in &self.tensors {
            for value in &tensor.values {
                out.write_all(&value.to_le_bytes())?;
            }
            pad(out, tensor.values.len() * 4)?;
        }
        out.flush()
    }

    fn header(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(MAGIC.to_le_bytes());
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((self.tensors.len() as u64).to_le_bytes());
        bytes.extend((self.pairs.len() as u64).to_le_bytes());
        for (key, value) in &self.pairs {
            push_text(&mut bytes, key);
            push_value(&mut bytes, value);
        }
        let mut offset = 0;
        for tensor in &self.tensors {
            push_tensor(&mut bytes, tensor, offset);
            offset += aligned(tensor.values.len() * 4);
        }
        bytes
    }
}

fn push_value(bytes: &mut Vec<u8>, value: &GgufValue) {
    match value {
        GgufValue::Unsigned(number) => {
            bytes.extend(4_u32.to_le_bytes());
            bytes.extend(number.to_le_bytes());
        }
        GgufValue::Float(number) => {
            bytes.extend(6_u32.to_le_bytes());
            bytes.extend(number.to_le_bytes());
        }
        GgufValue::Text(text) => {
            bytes.extend(8_u32.to_le_bytes());
            push_text(bytes, text);
        }
    }
}

fn push_tensor(bytes: &mut Vec<u8>, tensor: &GgufTensor, offset: usize) {
    push_text(bytes, &tensor.name);
    bytes.extend((tensor.shape.len() as u32).to_le_bytes());
    for dimension in tensor.shape.iter().rev() {
        bytes.extend((*dimension as u64).to_le_bytes());
    }
    // Type 0 is f32.
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend((offset as u64).to_le_bytes());
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text.as_bytes());
}

fn aligned(len: usize) -> usize {
    len.next_multiple_of(ALIGNMENT)
}

fn pad(out: &mut impl Write, len: usize) -> io::Result<()> {
    let zeros = [0; ALIGNMENT];
    let missing = aligned(len) - len;
    out.write_all(zeros.get(..missing).unwrap_or_default())
}
