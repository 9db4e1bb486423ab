//! Matrices that bitsandbytes has quantised, out of the tensors it lays beside each weight.
//!
//! Two codes to a byte; the maxima of blocks of 64, as f32 or, "doubly quantised", as a byte each
//! with a table, a second maximum per 256 of them, and one offset. Docs: `QuantState.as_dict` of
//! bitsandbytes.functional.

use serde::Deserialize;

use super::nf4::{BLOCK, Rounding};
use super::{Matrix, ModelError, ModelFiles};

/// Where a weight's state lies, behind its name.
const STATE: &str = ".quant_state.bitsandbytes__nf4";
/// Maxima of maxima stand over this many; nothing else is written by any version.
const NESTED_BLOCK: usize = 256;
const STATE_BYTES_MAX: usize = 64 << 10;

/// The state as it stands in the file, JSON in a tensor of bytes.
#[derive(Debug, Deserialize)]
struct State {
    quant_type: String,
    blocksize: usize,
    dtype: String,
    shape: Vec<usize>,
    nested_blocksize: Option<usize>,
    nested_offset: Option<f32>,
}

impl ModelFiles {
    /// Whether a tensor is held in four bits.
    pub(super) fn is_nf4(&self, name: &str) -> bool {
        self.entry(&format!("{name}{STATE}")).is_some()
    }

    /// A quantised matrix of exactly this shape.
    pub(super) fn nf4(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix, ModelError> {
        let reading = Reading { files: self, name };
        let state = reading.state()?;
        reading.check(&state, rows, cols)?;
        let rounding = reading.rounding(&state)?;
        let maxima = reading.maxima(&state, (rows * cols).div_ceil(BLOCK))?;
        let table = reading.table()?;
        let codes = self.bytes(name)?;
        Matrix::from_nf4((rows, cols), codes, maxima, table, rounding).ok_or_else(|| {
            reading.wrong(format!(
                "has too few or too many codes for {rows} x {cols} values"
            ))
        })
    }
}

/// One weight among its helpers.
#[derive(Clone, Copy)]
struct Reading<'a> {
    files: &'a ModelFiles,
    name: &'a str,
}

impl Reading<'_> {
    fn wrong(&self, reason: impl Into<String>) -> ModelError {
        ModelError::Tensor {
            name: self.name.to_owned(),
            reason: reason.into(),
        }
    }

    fn state(&self) -> Result<State, ModelError> {
        let name = format!("{}{STATE}", self.name);
        let len = self
            .files
            .entry(&name)
            .map_or(0, |e| e.shape.iter().product());
        if len > STATE_BYTES_MAX {
            return Err(self.wrong("has a quantisation state too long to be one"));
        }
        serde_json::from_slice(&self.files.bytes(&name)?)
            .map_err(|e| self.wrong(format!("has a quantisation state that is none: {e}")))
    }

    fn check(&self, state: &State, rows: usize, cols: usize) -> Result<(), ModelError> {
        if state.quant_type != "nf4" || state.blocksize != BLOCK {
            return Err(self.wrong(format!(
                "is {} in blocks of {}; only nf4 in blocks of {BLOCK} is trained on",
                state.quant_type, state.blocksize
            )));
        }
        if state.shape != [rows, cols] {
            return Err(self.wrong(format!(
                "has shape {:?} where {:?} was expected",
                state.shape,
                [rows, cols]
            )));
        }
        Ok(())
    }

    fn rounding(&self, state: &State) -> Result<Rounding, ModelError> {
        match state.dtype.as_str() {
            "float32" => Ok(Rounding::None),
            "bfloat16" => Ok(Rounding::Bf16),
            "float16" => Ok(Rounding::F16),
            other => Err(self.wrong(format!("decodes to {other}, which is not known"))),
        }
    }

    fn maxima(&self, state: &State, count: usize) -> Result<Vec<f32>, ModelError> {
        let name = format!("{}.absmax", self.name);
        let Some(offset) = state.nested_offset else {
            return self.files.vector(&name, count);
        };
        if state.nested_blocksize != Some(NESTED_BLOCK) {
            return Err(self.wrong(format!(
                "nests its maxima in other blocks than of {NESTED_BLOCK}"
            )));
        }
        let codes = self.files.bytes(&name)?;
        if codes.len() != count {
            return Err(self.wrong(format!("has {} maxima for {count} blocks", codes.len())));
        }
        let nested = self.files.vector(
            &format!("{}.nested_absmax", self.name),
            count.div_ceil(NESTED_BLOCK),
        )?;
        let table = self
            .files
            .vector(&format!("{}.nested_quant_map", self.name), 256)?;
        let one =
            |(i, code): (usize, &u8)| table[usize::from(*code)] * nested[i / NESTED_BLOCK] + offset;
        Ok(codes.iter().enumerate().map(one).collect())
    }

    fn table(&self) -> Result<[f32; 16], ModelError> {
        let table = self.files.vector(&format!("{}.quant_map", self.name), 16)?;
        table
            .try_into()
            .map_err(|_other| self.wrong("has a table of another length than 16"))
    }
}

/// Bytes that a tensor of a quantised checkpoint takes once it is held: maxima are unpacked, the
/// other helpers are gone.
pub(super) fn held_bytes(name: &str, elements: usize, bytes: usize) -> usize {
    let helper = [".quant_map", ".nested_absmax", ".nested_quant_map", STATE];
    if helper.iter().any(|end| name.ends_with(end)) {
        0
    } else if name.ends_with(".absmax") {
        4 * elements
    } else {
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value, json};
    use std::path::Path;

    /// A file of safetensors made by hand: (name, dtype, shape, bytes).
    fn write(path: &Path, tensors: &[(&str, &str, Vec<usize>, Vec<u8>)]) {
        let mut header = Map::new();
        let mut data = Vec::new();
        for (name, dtype, shape, bytes) in tensors {
            let range = [data.len(), data.len() + bytes.len()];
            let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": range});
            header.insert((*name).to_owned(), entry);
            data.extend_from_slice(bytes);
        }
        let header = Value::Object(header).to_string();
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend_from_slice(header.as_bytes());
        file.extend_from_slice(&data);
        std::fs::write(path, file).unwrap();
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    const COLS: usize = 160;
    const ROWS: usize = 128;

    fn table() -> Vec<f32> {
        (0..16).map(|i| (i as f32 - 7.0) / 8.0).collect()
    }

    fn nested_table() -> Vec<f32> {
        (0..256).map(|i| (i as f32 - 100.0) / 155.0).collect()
    }

    fn codes() -> Vec<u8> {
        (0..ROWS * COLS / 2).map(|i| (i * 37 % 251) as u8).collect()
    }

    /// 320 blocks of 64, so that there are two nested blocks.
    fn maxima_codes() -> Vec<u8> {
        (0..ROWS * COLS / 64)
            .map(|i| (i * 91 % 256) as u8)
            .collect()
    }

    fn checkpoint(path: &Path, state: &Value) {
        let state = state.to_string().into_bytes();
        let codes = codes();
        write(
            path,
            &[
                ("w", "U8", vec![codes.len(), 1], codes.clone()),
                ("w.absmax", "U8", vec![320], maxima_codes()),
                ("w.nested_absmax", "F32", vec![2], floats(&[0.5, 2.0])),
                (
                    "w.nested_quant_map",
                    "F32",
                    vec![256],
                    floats(&nested_table()),
                ),
                ("w.quant_map", "F32", vec![16], floats(&table())),
                (
                    "w.quant_state.bitsandbytes__nf4",
                    "U8",
                    vec![state.len()],
                    state.clone(),
                ),
            ],
        );
    }

    fn state() -> Value {
        json!({"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": [ROWS, COLS],
            "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": 3.0})
    }

    fn read(state: &Value) -> Result<Matrix, ModelError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        checkpoint(&path, state);
        ModelFiles::of_file(&path)?.matrix("w", ROWS, COLS)
    }

    #[test]
    fn each_value_is_table_times_maximum_as_the_format_defines_it() {
        let matrix = read(&state()).unwrap();

        let got = matrix.to_f32();

        for (i, got) in got.iter().enumerate() {
            let byte = codes()[i / 2];
            let code = if i % 2 == 0 { byte >> 4 } else { byte & 15 };
            let block = i / 64;
            let nested = if block < 256 { 0.5_f32 } else { 2.0 };
            let max = nested_table()[usize::from(maxima_codes()[block])] * nested + 3.0;
            let expected = half::bf16::from_f32(table()[usize::from(code)] * max).to_f32();
            assert_eq!(*got, expected, "value {i}");
        }
        assert!(matrix.is_quantised());
    }

    #[test]
    fn other_types_shapes_and_lengths_are_refused() {
        let mut wrong = vec![];
        for (key, value) in [
            ("quant_type", json!("fp4")),
            ("blocksize", json!(128)),
            ("dtype", json!("int3")),
            ("shape", json!([ROWS, COLS + 2])),
            ("nested_blocksize", json!(64)),
        ] {
            let mut state = state();
            state[key] = value;
            wrong.push((key, state));
        }
        for (key, state) in wrong {
            let refused = matches!(read(&state), Err(ModelError::Tensor { .. }));
            assert!(refused, "{key}");
        }
    }
}
