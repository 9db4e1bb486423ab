//! Which backend a plan asks for.

use super::plan::Plan;
use crate::backend::Backend;
use crate::cpu::CpuEngine;
use crate::failure::{Code, Failure};
use crate::recipe::Bf16;
use crate::settings::{Precision, TrainSettings};

/// Loads the frozen weights on the device the plan names.
pub(super) fn open(plan: &Plan, settings: &TrainSettings) -> Result<Box<dyn Backend>, Failure> {
    match plan.device.as_str() {
        "cpu" => Ok(Box::new(CpuEngine::load_frozen(&plan.model, settings)?)),
        other => Err(Failure::new(
            Code::Device,
            format!("cannot train on {other:?}: this build trains on \"cpu\""),
        )),
    }
}

/// The plan's word wins over the recipe's; "auto" is what the processor does well.
pub(super) fn precision(plan: &Plan) -> Precision {
    let asked = match plan.recipe.bf16 {
        Bf16::Yes => true,
        Bf16::No => false,
        Bf16::Auto => has_bf16(),
    };
    let asked = if asked {
        Precision::Bf16
    } else {
        Precision::F32
    };
    plan.precision.unwrap_or(asked)
}

#[cfg(target_arch = "x86_64")]
fn has_bf16() -> bool {
    std::is_x86_feature_detected!("avx512bf16")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_bf16() -> bool {
    false
}

/// All processors, unless the plan says how many.
pub(super) fn threads(plan: &Plan) -> usize {
    let all = || std::thread::available_parallelism().map_or(1, usize::from);
    plan.threads
        .filter(|threads| *threads > 0)
        .unwrap_or_else(all)
}
