//! Measures training speed on random weights of a known shape.

use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Instant;

use serde_json::{Value, json};

use super::choice::precision;
use super::shapes::shape;
use crate::backend::{Backend, BackendError, Place};
use crate::batch::Batch;
use crate::cpu::{CpuEngine, RandomWeights};
use crate::failure::{Code, Failure};
use crate::model::ModelSpec;
use crate::noise::{Noise, Stream};
use crate::process::peak_memory;
use crate::settings::{AdamW, LoraSettings, TrainSettings};

/// Measures training speed on random weights of a known shape.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// m512, qwen05b, llama1b, llama8b, qwen3-8b, qwen3-32b, or tiny, tiny-q2, tiny-q3.
    #[arg(long)]
    shape: String,
    #[arg(long)]
    batch: usize,
    #[arg(long)]
    seq: usize,
    #[arg(long)]
    steps: usize,
    #[arg(long, default_value = "cpu")]
    device: String,
    #[arg(long, default_value = "f32")]
    precision: String,
    #[arg(long, default_value_t = 2)]
    threads: usize,
    #[arg(long, default_value_t = 8)]
    rank: usize,
    #[arg(long, default_value_t = 2)]
    warmup: usize,
    /// Append the line to this file too.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct Run {
    step_ms: Vec<f64>,
    losses: Vec<f64>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if args.device != "cpu" {
        return Err(Failure::new(
            Code::Device,
            format!(
                "cannot measure on {}: this build trains on cpu",
                args.device
            ),
        ));
    }
    if args.batch * args.seq == 0 || args.steps == 0 {
        return Err(Failure::new(
            Code::Usage,
            "batch, seq and steps must be at least 1",
        ));
    }
    let spec = shape(&args.shape)
        .ok_or_else(|| Failure::new(Code::Usage, format!("shape {} is not known", args.shape)))?;
    let failed = |e: BackendError| Failure::because(Code::Model, "cannot measure", e);
    let mut engine = CpuEngine::new(spec.clone(), &RandomWeights { seed: 1 }, &settings(args)?)
        .map_err(failed)?;
    engine.measure(nanoseconds);
    let run = measure(args, &spec, &mut engine).map_err(failed)?;
    let line = report(args, &spec, &engine, &run).to_string();
    write(args, &line).map_err(|e| Failure::because(Code::Disk, "cannot write the result", e))
}

fn settings(args: &Args) -> Result<TrainSettings, Failure> {
    Ok(TrainSettings {
        lora: LoraSettings {
            rank: args.rank,
            alpha: 2.0 * args.rank as f32,
            ..LoraSettings::default()
        },
        adamw: AdamW {
            weight_decay: 0.01,
            ..AdamW::default()
        },
        precision: precision(&args.precision)?,
        threads: args.threads,
        micro_batch_tokens_max: args.batch * args.seq,
        ..TrainSettings::default()
    })
}

fn measure(args: &Args, spec: &ModelSpec, engine: &mut CpuEngine) -> Result<Run, BackendError> {
    let mut run = Run::default();
    for step in 0..args.warmup + args.steps {
        let batch = batch(args, spec.vocabulary, step as u32);
        if step == args.warmup {
            engine.measure(nanoseconds);
        }
        let started = nanoseconds();
        let sum = engine.forward_backward(
            &batch,
            Place {
                step: step as u64,
                micro: 0,
            },
        )?;
        engine.optimizer_step(1e-3, sum.labels)?;
        if step >= args.warmup {
            run.step_ms.push((nanoseconds() - started) as f64 / 1e6);
        }
        run.losses.push(sum.loss / sum.labels.max(1) as f64);
    }
    run.step_ms.sort_by(f64::total_cmp);
    Ok(run)
}

/// Fresh random tokens for every step.
fn batch(args: &Args, vocabulary: usize, step: u32) -> Batch {
    let noise = Noise::new(2, Stream::Weights, step);
    let token = |i: usize| noise.word(i as u64) % (vocabulary as u32 - 3) + 3;
    Batch::rows(
        &(0..args.batch * args.seq).map(token).collect::<Vec<_>>(),
        args.seq,
    )
}

fn report(args: &Args, spec: &ModelSpec, engine: &CpuEngine, run: &Run) -> Value {
    let tokens = (args.batch * args.seq) as f64;
    let (best, median) = (run.step_ms[0], run.step_ms[run.step_ms.len() / 2]);
    let steps = run.step_ms.len() as f64;
    let parts: serde_json::Map<String, Value> = engine
        .spent()
        .into_iter()
        .map(|(name, ns)| (name.to_owned(), json!(rounded(ns as f64 / 1e6 / steps))))
        .collect();
    let flops = spec.training_flops_per_token(args.seq, engine.adapter_len());
    json!({
        "engine": "sealtune", "shape": args.shape, "batch": args.batch, "seq": args.seq, "dtype": args.precision,
        "rank": args.rank, "threads": args.threads, "steps": run.step_ms.len(),
        "numeric_class": engine.numeric_class().to_string(),
        "tok_s": rounded(tokens / median * 1e3), "tok_s_best": rounded(tokens / best * 1e3),
        "step_ms": rounded(median), "tflops_model": tokens / median * 1e3 * flops / 1e12,
        "loss_first": run.losses.first(), "loss_last": run.losses.last(),
        "lora_params": engine.adapter_len(), "params": spec.parameters(), "parts_ms": parts,
        "peak_rss_gb": peak_gigabytes(), "arena_gb": engine.arena_bytes() as f64 / f64::from(1 << 30), "ok": true,
    })
}

fn rounded(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

fn write(args: &Args, line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    let Some(path) = &args.out else { return Ok(()) };
    writeln!(
        std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)?,
        "{line}"
    )
}

/// Time since the first call.
#[allow(clippy::disallowed_methods, reason = "a benchmark is a clock")]
fn nanoseconds() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

/// The kernel's high-water mark of this process; 0 where there is none.
fn peak_gigabytes() -> f64 {
    peak_memory().unwrap_or(0) as f64 / f64::from(1 << 30)
}
