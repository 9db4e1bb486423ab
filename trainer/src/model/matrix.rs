//! A frozen matrix in the form in which it is stored, decoded in strips where it is needed.

use std::io::{self, Read};

use safetensors::Dtype;

use super::blocks::{BlockKind, Blocks};
use super::nf4::{Nf4, Rounding};

/// A row-major matrix `[outputs, inputs]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    rows: usize,
    cols: usize,
    store: Store,
}

#[derive(Clone, Debug, PartialEq)]
enum Store {
    F32(Vec<f32>),
    Bf16(Vec<u16>),
    F16(Vec<u16>),
    Nf4(Nf4),
    Blocks(Blocks),
}

impl Matrix {
    pub fn from_f32(rows: usize, cols: usize, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), rows * cols, "a matrix has rows x cols values");
        Self {
            rows,
            cols,
            store: Store::F32(values),
        }
    }

    /// Codes of four bits as a checkpoint holds them; `None` if they are too few or too many.
    pub(super) fn from_nf4(
        (rows, cols): (usize, usize),
        codes: Vec<u8>,
        maxima: Vec<f32>,
        table: [f32; 16],
        rounding: Rounding,
    ) -> Option<Self> {
        let packed = Nf4::of_parts(rows * cols, codes, maxima, table, rounding)?;
        let store = Store::Nf4(packed);
        Some(Self { rows, cols, store })
    }

    /// Rows of whole blocks as llama.cpp's files hold them.
    pub(super) fn from_blocks(rows: usize, cols: usize, kind: BlockKind, bytes: Vec<u8>) -> Self {
        assert!(
            cols.is_multiple_of(kind.values())
                && bytes.len() == rows * cols / kind.values() * kind.bytes(),
            "rows are whole where files are read"
        );
        let store = Store::Blocks(Blocks::new(kind, bytes));
        Self { rows, cols, store }
    }

    /// Whether values of this type can be held.
    pub fn holds(dtype: Dtype) -> bool {
        matches!(dtype, Dtype::F32 | Dtype::BF16 | Dtype::F16)
    }

    /// Reads little-endian values in pieces, so that no second copy of the matrix ever exists.
    pub fn read(dtype: Dtype, rows: usize, cols: usize, from: &mut dyn Read) -> io::Result<Self> {
        let len = rows * cols;
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "all other types are refused, also future ones"
        )]
        let store = match dtype {
            Dtype::F32 => Store::F32(read_values(len, from, f32::from_le_bytes)?),
            Dtype::BF16 => Store::Bf16(read_values(len, from, u16::from_le_bytes)?),
            Dtype::F16 => Store::F16(read_values(len, from, u16::from_le_bytes)?),
            other => return Err(io::Error::other(format!("dtype {other:?} is not held"))),
        };
        Ok(Self { rows, cols, store })
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Held as bf16, rounding what is finer.
    #[must_use]
    pub fn into_bf16(self) -> Self {
        let store = match self.store {
            Store::F32(values) => {
                Store::Bf16(values.into_iter().map(crate::kernel::to_bf16).collect())
            }
            Store::F16(words) => Store::Bf16(
                words
                    .into_iter()
                    .map(|w| crate::kernel::to_bf16(half_to_f32(w)))
                    .collect(),
            ),
            kept @ (Store::Bf16(_) | Store::Nf4(_) | Store::Blocks(_)) => kept,
        };
        Self { store, ..self }
    }

    /// Whether it is held in fewer bits than it was trained in.
    pub fn is_quantised(&self) -> bool {
        match self.store {
            Store::Nf4(_) | Store::Blocks(_) => true,
            Store::F32(_) | Store::Bf16(_) | Store::F16(_) => false,
        }
    }

    /// Held in four bits; what is quantised already stays as it is.
    #[must_use]
    pub fn into_nf4(self) -> Self {
        if self.is_quantised() {
            return self;
        }
        let packed = Nf4::quantise(&self.to_f32());
        Self {
            store: Store::Nf4(packed),
            ..self
        }
    }

    /// The bits, if it is held as bf16.
    pub fn bf16_words(&self) -> Option<&[u16]> {
        match &self.store {
            Store::Bf16(words) => Some(words),
            Store::F32(_) | Store::F16(_) | Store::Nf4(_) | Store::Blocks(_) => None,
        }
    }

    pub fn bytes(&self) -> usize {
        match &self.store {
            Store::F32(values) => 4 * values.len(),
            Store::Bf16(words) | Store::F16(words) => 2 * words.len(),
            Store::Nf4(packed) => packed.bytes(),
            Store::Blocks(packed) => packed.bytes(),
        }
    }

    /// `out.len()` values of a row from a column on.
    pub fn decode(&self, row: usize, col: usize, out: &mut [f32]) {
        let at = row * self.cols + col;
        let range = at..at + out.len();
        match &self.store {
            Store::Nf4(packed) => packed.decode(at, out),
            Store::Blocks(packed) => packed.decode(at, out),
            Store::F32(values) => out.copy_from_slice(&values[range]),
            Store::Bf16(words) => {
                out.iter_mut()
                    .zip(&words[range])
                    .for_each(|(o, w)| *o = f32::from_bits(u32::from(*w) << 16));
            }
            Store::F16(words) => out
                .iter_mut()
                .zip(&words[range])
                .for_each(|(o, w)| *o = half_to_f32(*w)),
        }
    }

    pub fn to_f32(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.rows * self.cols];
        values
            .chunks_mut(self.cols.max(1))
            .enumerate()
            .for_each(|(row, out)| self.decode(row, 0, out));
        values
    }
}

fn half_to_f32(word: u16) -> f32 {
    half::f16::from_bits(word).to_f32()
}

/// `len` values of `N` bytes each.
fn read_values<T, const N: usize>(
    len: usize,
    from: &mut dyn Read,
    value: fn([u8; N]) -> T,
) -> io::Result<Vec<T>> {
    const PIECE: usize = 1 << 16;
    let mut values = Vec::with_capacity(len);
    let mut bytes = vec![0; PIECE * N];
    while values.len() < len {
        let piece = &mut bytes[..PIECE.min(len - values.len()) * N];
        from.read_exact(piece)?;
        let (whole, _) = piece.as_chunks::<N>();
        values.extend(whole.iter().map(|b| value(*b)));
    }
    Ok(values)
}
