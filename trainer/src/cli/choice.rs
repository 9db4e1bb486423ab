//! Words of the command line that choose a backend and a precision.

use std::path::Path;

use crate::backend::{Backend, BackendError};
use crate::cpu::CpuEngine;
use crate::failure::{Code, Failure};
use crate::reference::RefCandle;
use crate::settings::{Precision, TrainSettings};

pub(super) fn precision(word: &str) -> Result<Precision, Failure> {
    match word {
        "f32" | "fp32" => Ok(Precision::F32),
        "bf16" => Ok(Precision::Bf16),
        other => Err(Failure::new(
            Code::Device,
            format!("precision {other} is not one of f32, bf16"),
        )),
    }
}

/// Opens a model on the named backend.
pub(super) fn open(
    name: &str,
    model: &Path,
    settings: &TrainSettings,
) -> Result<Box<dyn Backend>, Failure> {
    let failed = |e: BackendError| Failure::because(Code::Model, "cannot open the model", e);
    match name {
        "cpu" => Ok(Box::new(
            CpuEngine::load_frozen(model, settings).map_err(failed)?,
        )),
        "ref" => Ok(Box::new(
            RefCandle::load_frozen(model, settings).map_err(failed)?,
        )),
        "cuda" => Err(Failure::new(Code::Device, "this build has no CUDA backend")),
        other => Err(Failure::new(
            Code::Device,
            format!("backend {other} is not one of cpu, ref, cuda"),
        )),
    }
}
