//! A frozen matrix in the form in which it is stored, decoded in strips where it is needed.

use safetensors::Dtype;

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

    /// Little-endian values; None for types that are not weights.
    pub fn from_bytes(dtype: Dtype, rows: usize, cols: usize, bytes: &[u8]) -> Option<Self> {
        let words = || {
            bytes
                .chunks_exact(2)
                .map(|b| u16::from_le_bytes([b[0], b[1]]))
                .collect::<Vec<_>>()
        };
        let floats = || {
            bytes
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        };
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "all other types are refused, also future ones"
        )]
        let store = match dtype {
            Dtype::F32 => Store::F32(floats().collect()),
            Dtype::BF16 => Store::Bf16(words()),
            Dtype::F16 => Store::F16(words()),
            _ => return None,
        };
        Some(Self { rows, cols, store })
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Held as bf16, rounding what is finer.
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
            Store::Bf16(words) => Store::Bf16(words),
        };
        Self { store, ..self }
    }

    /// The bits, if it is held as bf16.
    pub fn bf16_words(&self) -> Option<&[u16]> {
        match &self.store {
            Store::Bf16(words) => Some(words),
            Store::F32(_) | Store::F16(_) => None,
        }
    }

    pub fn bytes(&self) -> usize {
        match &self.store {
            Store::F32(values) => 4 * values.len(),
            Store::Bf16(words) | Store::F16(words) => 2 * words.len(),
        }
    }

    /// `out.len()` values of a row from a column on.
    pub fn decode(&self, row: usize, col: usize, out: &mut [f32]) {
        let at = row * self.cols + col;
        let range = at..at + out.len();
        match &self.store {
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
