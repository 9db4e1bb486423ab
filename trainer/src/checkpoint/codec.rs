//! The bytes of a checkpoint.
//!
//! ```text
//! "sealtune-ckpt-1\n"            16 bytes
//! length of the header           u64, little end first
//! header                         JSON: identity, progress, names and shapes
//! SHA-256 of the header          32 bytes
//! records                        52 bytes each
//! SHA-256 of the records         32 bytes
//! adapter, first and second moments, each:
//!   values                       f32, little end first, tensor after tensor
//!   SHA-256 of the values        32 bytes
//! ```

use super::{CheckpointError, Identity, Progress, Snapshot, StepRecord};
use crate::digest::{Hasher, sha256};
use crate::state::{Adapter, NamedTensor, TrainState};
use proto::Digest;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

const MAGIC: &[u8; 16] = b"sealtune-ckpt-1\n";
/// Names and shapes of a few thousand tensors fit a hundred times over.
const HEADER_BYTES_MAX: u64 = 64 << 20;
/// Values of one tensor; more than the adapter of any layer of rank 256.
const VALUES_MAX: usize = 1 << 30;
const RECORD_BYTES: usize = 52;
/// Values written and hashed at once.
const CHUNK: usize = 16 << 10;

#[derive(Serialize, Deserialize)]
struct Header {
    identity: Identity,
    progress: Progress,
    state_step: u64,
    records: u64,
    adapter: Vec<Shape>,
    first_moments: Vec<Shape>,
    second_moments: Vec<Shape>,
}

#[derive(Serialize, Deserialize)]
struct Shape {
    name: String,
    shape: Vec<usize>,
}

/// Writes a checkpoint; the caller makes it durable.
pub fn write_snapshot(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let header = serde_json::to_vec(&Header::of(snapshot))?;
    out.write_all(MAGIC)?;
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    write_part(out, &header)?;
    write_part(out, &bytes_of_records(&snapshot.records))?;
    let state = &snapshot.state;
    for adapter in [&state.adapter, &state.first_moments, &state.second_moments] {
        write_values(out, adapter)?;
    }
    Ok(())
}

/// Reads a checkpoint and checks every part of it.
pub fn read_snapshot(source: &mut impl Read) -> Result<Snapshot, CheckpointError> {
    let mut magic = [0; 16];
    fill(source, &mut magic)?;
    if &magic != MAGIC {
        return Err(CheckpointError::NotACheckpoint);
    }
    let mut len = [0; 8];
    fill(source, &mut len)?;
    let len = u64::from_le_bytes(len);
    if len > HEADER_BYTES_MAX {
        return Err(CheckpointError::Corrupt("header"));
    }
    let header = read_part(source, len, "header")?;
    let header: Header =
        serde_json::from_slice(&header).map_err(|_json| CheckpointError::Corrupt("header"))?;
    let bytes = header.records.saturating_mul(RECORD_BYTES as u64);
    let records = read_part(source, bytes, "step records")?;
    let records = records.chunks_exact(RECORD_BYTES).filter_map(record_of);
    Ok(Snapshot {
        records: records.collect(),
        state: TrainState {
            step: header.state_step,
            adapter: read_values(source, header.adapter, "adapter")?,
            first_moments: read_values(source, header.first_moments, "first moments")?,
            second_moments: read_values(source, header.second_moments, "second moments")?,
        },
        identity: header.identity,
        progress: header.progress,
    })
}

impl Header {
    fn of(snapshot: &Snapshot) -> Self {
        let state = &snapshot.state;
        Self {
            identity: snapshot.identity.clone(),
            progress: snapshot.progress.clone(),
            state_step: state.step,
            records: snapshot.records.len() as u64,
            adapter: shapes_of(&state.adapter),
            first_moments: shapes_of(&state.first_moments),
            second_moments: shapes_of(&state.second_moments),
        }
    }
}

fn shapes_of(adapter: &Adapter) -> Vec<Shape> {
    let shape = |tensor: &NamedTensor| Shape {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
    };
    adapter.tensors.iter().map(shape).collect()
}

fn write_part(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(bytes)?;
    out.write_all(sha256(bytes).as_bytes())
}

fn write_values(out: &mut impl Write, adapter: &Adapter) -> io::Result<()> {
    let mut hasher = Hasher::plain();
    for tensor in &adapter.tensors {
        for values in tensor.values.chunks(CHUNK) {
            let bytes: Vec<u8> = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            hasher.raw(&bytes);
            out.write_all(&bytes)?;
        }
    }
    out.write_all(hasher.finish().as_bytes())
}

/// Reads in pieces, so that a length that lies costs no more memory than there is
/// input.
fn read_part(
    source: &mut impl Read,
    len: u64,
    part: &'static str,
) -> Result<Vec<u8>, CheckpointError> {
    let mut bytes = Vec::new();
    let taken = source
        .by_ref()
        .take(len)
        .read_to_end(&mut bytes)
        .map_err(lost)?;
    if (taken as u64) < len {
        return Err(CheckpointError::Truncated);
    }
    check(source, sha256(&bytes), part)?;
    Ok(bytes)
}

fn read_values(
    source: &mut impl Read,
    shapes: Vec<Shape>,
    part: &'static str,
) -> Result<Adapter, CheckpointError> {
    let mut hasher = Hasher::plain();
    let mut tensors = Vec::new();
    for Shape { name, shape } in shapes {
        let values = read_tensor(source, &shape, &mut hasher, part)?;
        tensors.push(NamedTensor {
            name,
            shape,
            values,
        });
    }
    check(source, hasher.finish(), part)?;
    Ok(Adapter { tensors })
}

fn read_tensor(
    source: &mut impl Read,
    shape: &[usize],
    hasher: &mut Hasher,
    part: &'static str,
) -> Result<Vec<f32>, CheckpointError> {
    let count = shape
        .iter()
        .try_fold(1_usize, |count, dim| count.checked_mul(*dim));
    let count = count.filter(|count| *count <= VALUES_MAX);
    let mut left = count.ok_or(CheckpointError::Corrupt(part))?;
    let mut values = Vec::new();
    while left > 0 {
        let mut bytes = vec![0; left.min(CHUNK) * 4];
        fill(source, &mut bytes)?;
        hasher.raw(&bytes);
        let read = bytes.as_chunks::<4>().0.iter();
        values.extend(read.map(|bytes| f32::from_le_bytes(*bytes)));
        left -= left.min(CHUNK);
    }
    Ok(values)
}

fn check(
    source: &mut impl Read,
    digest: Digest,
    part: &'static str,
) -> Result<(), CheckpointError> {
    let mut expected = [0; 32];
    fill(source, &mut expected)?;
    if digest == Digest(expected) {
        Ok(())
    } else {
        Err(CheckpointError::Corrupt(part))
    }
}

fn fill(source: &mut impl Read, bytes: &mut [u8]) -> Result<(), CheckpointError> {
    source.read_exact(bytes).map_err(lost)
}

fn lost(error: io::Error) -> CheckpointError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return CheckpointError::Truncated;
    }
    CheckpointError::Read {
        path: "of the run".into(),
        source: error,
    }
}

fn bytes_of_records(records: &[StepRecord]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(records.len() * RECORD_BYTES);
    for record in records {
        bytes.extend_from_slice(&record.step.to_le_bytes());
        bytes.extend_from_slice(&record.loss_bits.to_le_bytes());
        bytes.extend_from_slice(&record.grad_norm_bits.to_le_bytes());
        bytes.extend_from_slice(record.batch.as_bytes());
    }
    bytes
}

fn record_of(bytes: &[u8]) -> Option<StepRecord> {
    let (step, rest) = bytes.split_first_chunk()?;
    let (loss, rest) = rest.split_first_chunk()?;
    let (grad_norm, rest) = rest.split_first_chunk()?;
    let (batch, _) = rest.split_first_chunk()?;
    Some(StepRecord {
        step: u64::from_le_bytes(*step),
        loss_bits: u64::from_le_bytes(*loss),
        grad_norm_bits: u32::from_le_bytes(*grad_norm),
        batch: Digest(*batch),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::NumericClass;
    use crate::checkpoint::Chain;
    use proptest::prelude::*;
    use proto::RecipeDigest;

    pub(super) fn snapshot() -> Snapshot {
        let tensor = |name: &str, values: &[f32]| NamedTensor {
            name: name.to_owned(),
            shape: vec![values.len()],
            values: values.to_vec(),
        };
        let adapter = |factor: f32| Adapter {
            tensors: vec![
                tensor("a", &[factor, f32::NAN.copysign(-1.0)]),
                tensor("b", &[-0.0; 3]),
            ],
        };
        let identity = Identity {
            recipe: RecipeDigest([1; 32]),
            dataset: Digest([2; 32]),
            model: Digest([3; 32]),
            tokenizer: Digest([4; 32]),
            class: NumericClass("test".to_owned()),
            engine: "0".to_owned(),
        };
        let records = vec![StepRecord::new(0, 1.5, 2.5, Digest([5; 32]))];
        let mut progress = Progress::begin(identity.digest());
        progress.chain = Chain::over(identity.digest(), &records);
        progress.step = 1;
        Snapshot {
            identity,
            progress,
            records,
            state: TrainState {
                step: 1,
                adapter: adapter(1.0),
                first_moments: adapter(2.0),
                second_moments: Adapter::default(),
            },
        }
    }

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        write_snapshot(&snapshot(), &mut bytes).expect("memory can be written");
        bytes
    }

    #[test]
    fn a_checkpoint_comes_back_bit_for_bit() {
        let read = read_snapshot(&mut written().as_slice()).expect("it is whole");

        let mut again = Vec::new();
        write_snapshot(&read, &mut again).expect("memory can be written");
        assert_eq!(again, written());
        assert_eq!(read.records, snapshot().records);
    }

    #[test]
    fn a_checkpoint_cut_anywhere_is_refused() {
        let whole = written();

        for len in 0..whole.len() {
            let cut = read_snapshot(&mut &whole[..len]);
            assert!(
                matches!(cut, Err(CheckpointError::Truncated)),
                "cut at {len}"
            );
        }
    }

    #[test]
    fn a_checkpoint_with_any_bit_flipped_is_refused() {
        let whole = written();

        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(
                read_snapshot(&mut flipped.as_slice()).is_err(),
                "flipped at {at}"
            );
        }
    }

    proptest! {
        #[test]
        fn bytes_from_anywhere_never_panic(tail in prop::collection::vec(any::<u8>(), 0..300)) {
            let bytes = [MAGIC.as_slice(), &tail].concat();

            prop_assert!(read_snapshot(&mut bytes.as_slice()).is_err());
        }
    }
}
