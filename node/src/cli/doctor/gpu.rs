//! The cards, as NVIDIA's management library tells of them. It is opened if it is there.

use super::{Finding, xid};
use nvml_wrapper::enum_wrappers::device::{EccCounter, MemoryError};
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};

pub(super) fn examine() -> Vec<Finding> {
    let nvml = match Nvml::init() {
        Ok(nvml) => nvml,
        Err(NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound) => {
            return vec![Finding::skipped(
                "gpu",
                "no NVIDIA driver here: training runs on the CPU",
            )];
        }
        Err(error) => return vec![broken(&error)],
    };
    cards(&nvml).unwrap_or_else(|error| vec![broken(&error)])
}

fn broken(error: &NvmlError) -> Finding {
    Finding::failed(
        "gpu",
        error.to_string(),
        "see nvidia-smi and the kernel's log",
    )
}

fn cards(nvml: &Nvml) -> Result<Vec<Finding>, NvmlError> {
    let driver = nvml.sys_driver_version()?;
    let mut findings = vec![Finding::ok("gpu driver", driver)];
    for index in 0..nvml.device_count()? {
        let card = nvml.device_by_index(index)?;
        findings.push(memory(&card)?);
        findings.push(errors(&card));
        findings.push(confidential(&card));
    }
    findings.push(xid::examine());
    Ok(findings)
}

fn memory(card: &Device<'_>) -> Result<Finding, NvmlError> {
    let (name, memory) = (card.name()?, card.memory_info()?);
    let (free, total) = (memory.free >> 20, memory.total >> 20);
    Ok(Finding::ok(
        "gpu",
        format!("{name}: {free} MiB free of {total}"),
    ))
}

/// Whether the card computes in confidential mode and takes work.
fn confidential(card: &Device<'_>) -> Finding {
    match card.check_confidential_compute_status() {
        Ok(true) => Finding::ok("gpu confidential mode", "on, in production, and ready"),
        Ok(false) | Err(_) => Finding::skipped(
            "gpu confidential mode",
            "off: orders that require a proven GPU cannot be served",
        ),
    }
}

/// Uncorrected memory errors since the driver started; not every card counts them.
fn errors(card: &Device<'_>) -> Finding {
    match card.total_ecc_errors(MemoryError::Uncorrected, EccCounter::Volatile) {
        Ok(0) => Finding::ok("gpu memory", "no uncorrected errors"),
        Ok(count) => Finding::failed(
            "gpu memory",
            format!("{count} uncorrected errors"),
            "reset or replace the card",
        ),
        Err(_) => Finding::skipped("gpu memory", "this card counts no errors"),
    }
}
