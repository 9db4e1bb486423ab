//! After the last step: the result is written, opened again and compared.

use super::events::Event;
use super::memory::peak_memory;
use super::train::Training;
use crate::backend::{Backend, BackendError};
use crate::batch::{Batch, Document};
use crate::data::Report;
use crate::failure::{Code, Failure};
use crate::peft::{ADAPTER_FILE, AdapterConfig, read_adapter};
use crate::result::{Ending, EvalFigures, Manifest, ResultFolder, StepFigures, write_result};
use crate::settings::{LoraSettings, Projection};
use crate::state::{Adapter, TrainState};
use std::path::Path;

/// Tokens whose logits are compared after the adapter was read back.
const PROBE_TOKENS: u32 = 16;

/// What the manifest says beyond the run itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) out: &'a Path,
    pub(super) base_model: &'a str,
    pub(super) projections: &'a [Projection],
    pub(super) report: &'a Report,
    pub(super) threads: usize,
    pub(super) memory_predicted_bytes: u64,
    pub(super) ending: Ending,
}

/// Writes the result folder and proves that what it holds is what was trained.
pub(super) fn finish(
    training: &mut Training<'_>,
    circumstances: Circumstances<'_>,
) -> Result<(), Failure> {
    let adapter = training.backend.export()?;
    let lora = LoraSettings::of(training.recipe);
    let config = AdapterConfig::new(circumstances.base_model, &lora, circumstances.projections);
    let folder = ResultFolder {
        path: circumstances.out,
        adapter: &adapter,
        config: &config,
        records: &training.records,
        template: training.recipe.chat_template_jinja.as_deref(),
    };
    let manifest = manifest(training, circumstances);
    let manifest = write_result(folder, manifest)?;
    let reread = read_adapter(folder.path).map_err(BackendError::from)?;
    check_same(training.backend, &adapter, reread)?;
    let adapter = manifest.files.get(ADAPTER_FILE).cloned();
    let adapter = adapter.unwrap_or_default();
    say_finished(training, circumstances, &adapter);
    Ok(())
}

fn say_finished(training: &mut Training<'_>, circumstances: Circumstances<'_>, adapter: &str) {
    training.events.say(&Event::Finished {
        ending: circumstances.ending,
        step: training.progress.step,
        out: circumstances.out,
        chain: training.progress.chain.0,
        adapter,
    });
}

/// The logits of the adapter in memory and of the file must have the same bits.
fn check_same(
    backend: &mut dyn Backend,
    adapter: &Adapter,
    reread: Adapter,
) -> Result<(), Failure> {
    let differs = || {
        Failure::new(
            Code::Mismatch,
            "cannot vouch for the adapter: read back, it gives other logits",
        )
    };
    if reread.tensors.len() != adapter.tensors.len() {
        return Err(differs());
    }
    let state = backend.state()?;
    let probe = probe(backend.vocabulary());
    let before = backend.logits(&probe)?;
    backend.restore(&TrainState {
        step: state.step,
        adapter: reread,
        ..TrainState::default()
    })?;
    let after = backend.logits(&probe)?;
    backend.restore(&state)?;
    let bits = |logits: &[f32]| logits.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    if bits(&before) == bits(&after) {
        Ok(())
    } else {
        Err(differs())
    }
}

/// A short text of tokens spread over the vocabulary.
fn probe(vocabulary: usize) -> Batch {
    let vocabulary = u32::try_from(vocabulary).unwrap_or(u32::MAX).max(1);
    let tokens: Vec<u32> = (0..PROBE_TOKENS)
        .map(|at| (u64::from(at) * u64::from(vocabulary) / u64::from(PROBE_TOKENS)) as u32)
        .collect();
    Batch::pack(&[Document {
        counted: vec![false; tokens.len()],
        tokens,
    }])
}

fn manifest(training: &Training<'_>, circumstances: Circumstances<'_>) -> Manifest {
    let seconds = training.seconds();
    let figures = |bits: crate::checkpoint::LossBits| EvalFigures::of(bits);
    Manifest {
        format: "sealtune-training-1",
        ending: circumstances.ending,
        run_digest: training.identity.digest(),
        run: training.identity.clone(),
        chain: training.progress.chain,
        recipe: serde_json::to_value(training.recipe).unwrap_or_default(),
        dataset: circumstances.report.clone(),
        figures: step_figures(training),
        eval_before: training.progress.eval_before.map(figures),
        eval_after: training.progress.eval_last.map(figures),
        files: std::collections::BTreeMap::new(),
        seconds,
        tokens_per_second: training.progress.tokens as f64 / seconds.max(1e-9),
        threads: circumstances.threads,
        memory_predicted_bytes: circumstances.memory_predicted_bytes,
        memory_peak_bytes: peak_memory(),
    }
}

fn step_figures(training: &Training<'_>) -> StepFigures {
    let losses: Vec<f64> = training
        .records
        .iter()
        .map(crate::checkpoint::StepRecord::loss)
        .collect();
    let tail = losses.len().div_ceil(10);
    let last = losses.get(losses.len() - tail..).unwrap_or_default();
    let steps_per_epoch = training.course.steps_per_epoch();
    StepFigures {
        steps: training.progress.step,
        steps_per_epoch,
        epochs: training.progress.step as f64 / steps_per_epoch.max(1) as f64,
        tokens: training.progress.tokens,
        loss_first: losses.first().copied().unwrap_or_default(),
        loss_last: losses.last().copied().unwrap_or_default(),
        loss_tail_mean: last.iter().sum::<f64>() / tail.max(1) as f64,
    }
}
