//! Trains on the folder of a parity generator and writes what a judge compares.

use std::path::{Path, PathBuf};

use super::choice::{open, precision};
use crate::backend::{Backend, BackendError, Place};
use crate::batch::Batch;
use crate::failure::{Code, Failure};
use crate::model::{ModelError, ModelFiles};
use crate::peft::{read_adapter, read_adapter_config, write_adapter};
use crate::settings::{AdamW, TrainSettings};
use crate::state::{NamedTensor, TrainState};
use crate::tensorfile::write_f32;

/// Trains on the folder of a parity generator and writes what a judge compares.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Model files, `adapter0/` and `data.safetensors`.
    #[arg(long)]
    dir: PathBuf,
    #[arg(long)]
    steps: usize,
    #[arg(long, default_value = "f32")]
    precision: String,
    #[arg(long, default_value = "cpu")]
    backend: String,
    #[arg(long, default_value_t = 2)]
    threads: usize,
    #[arg(long)]
    out: PathBuf,
}

/// The generator's tokens, `[steps, batch, length]`.
struct Tokens {
    values: Vec<u32>,
    rows: usize,
    row_len: usize,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let model = |e: ModelError| Failure::because(Code::Model, "cannot read the parity folder", e);
    let tokens = Tokens::read(&args.dir.join("data.safetensors")).map_err(model)?;
    let start = args.dir.join("adapter0");
    let config = read_adapter_config(&start).map_err(model)?;
    let settings = TrainSettings {
        lora: config.settings().map_err(model)?,
        adamw: AdamW {
            learning_rate: 1e-3,
            weight_decay: 0.01,
            ..AdamW::default()
        },
        precision: precision(&args.precision)?,
        threads: args.threads,
        micro_batch_tokens_max: tokens.rows * tokens.row_len,
        ..TrainSettings::default()
    };
    let mut backend = open(&args.backend, &args.dir, &settings)?;
    let adapter = read_adapter(&start).map_err(model)?;
    let state = TrainState {
        adapter,
        ..TrainState::default()
    };
    let failed = |e: BackendError| Failure::because(Code::Model, "cannot train", e);
    backend.restore(&state).map_err(failed)?;
    let record = train(backend.as_mut(), &tokens, args.steps, &settings).map_err(failed)?;
    let adapter = backend.export().map_err(failed)?;
    let written = record
        .write(&args.out)
        .and_then(|()| write_adapter(&args.out.join("adapter"), &config, &adapter));
    written.map_err(|e| Failure::because(Code::Disk, "cannot write the results", e))
}

/// What the judge reads.
struct Record {
    losses: Vec<f64>,
    gradients: Vec<NamedTensor>,
    logits: NamedTensor,
}

fn train(
    backend: &mut dyn Backend,
    tokens: &Tokens,
    steps: usize,
    settings: &TrainSettings,
) -> Result<Record, BackendError> {
    let mut record = Record {
        losses: Vec::new(),
        gradients: Vec::new(),
        logits: tokens.empty_logits(backend),
    };
    for step in 0..steps.min(tokens.steps()) {
        let batch = tokens.batch(step);
        let sum = backend.forward_backward(
            &batch,
            Place {
                step: step as u64,
                micro: 0,
            },
        )?;
        record.losses.push(sum.loss / sum.labels as f64);
        if step == 0 {
            record.gradients = backend.gradients()?.tensors;
            let mean = 1.0 / sum.labels as f32;
            record
                .gradients
                .iter_mut()
                .flat_map(|t| &mut t.values)
                .for_each(|g| *g *= mean);
        }
        backend.optimizer_step(settings.adamw.learning_rate, sum.labels)?;
    }
    record.logits.values = backend.logits(&tokens.batch(0))?;
    Ok(record)
}

impl Record {
    fn write(&self, out: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(out)?;
        std::fs::write(
            out.join("losses.json"),
            serde_json::to_string(&self.losses)?,
        )?;
        write_f32(&out.join("grads.safetensors"), &self.gradients)?;
        write_f32(
            &out.join("logits.safetensors"),
            std::slice::from_ref(&self.logits),
        )
    }
}

impl Tokens {
    fn read(path: &Path) -> Result<Self, ModelError> {
        let files = ModelFiles::of_file(path)?;
        let malformed = |reason: &str| ModelError::Malformed {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        let shape = files
            .entry("tokens")
            .map(|e| e.shape.clone())
            .ok_or_else(|| malformed("no tokens"))?;
        let [_, rows, row_len] = shape[..] else {
            return Err(malformed("tokens are not [steps, batch, length]"));
        };
        if rows * row_len == 0 {
            return Err(malformed("tokens are empty"));
        }
        let id = |b: &[u8]| {
            b.try_into()
                .ok()
                .map(i64::from_le_bytes)
                .and_then(|id| u32::try_from(id).ok())
        };
        let values: Option<Vec<u32>> = files.bytes("tokens")?.chunks_exact(8).map(id).collect();
        Ok(Self {
            values: values.ok_or_else(|| malformed("a token is negative"))?,
            rows,
            row_len,
        })
    }

    fn steps(&self) -> usize {
        self.values.len() / (self.rows * self.row_len)
    }

    fn batch(&self, step: usize) -> Batch {
        let len = self.rows * self.row_len;
        Batch::rows(&self.values[step * len..(step + 1) * len], self.row_len)
    }

    fn empty_logits(&self, backend: &dyn Backend) -> NamedTensor {
        let shape = vec![self.rows, self.row_len, backend.vocabulary()];
        NamedTensor {
            name: "logits".to_owned(),
            shape,
            values: Vec::new(),
        }
    }
}
