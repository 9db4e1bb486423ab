//! How much memory there is, how much a run will need, and how much it took.

use crate::backend::BackendError;
use crate::cpu::MemoryPlan;
use crate::settings::TrainSettings;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;
use std::path::Path;

/// Bytes of the process itself: code, tokenizer, tables.
const PROCESS_BYTES: u64 = 64 << 20;

/// A token of the dataset: itself and whether it counts, in its document and in a batch.
const TOKEN_BYTES: u64 = 10;

/// The least of what the system has free and what its control group allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    pub bytes: u64,
}

/// Reads what Linux says; `None` where it says nothing.
pub fn available_memory() -> Option<Available> {
    let system = fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| available_of(&text));
    let group = group_room();
    let bytes = system.into_iter().chain(group).min()?;
    Some(Available { bytes })
}

/// The most this process has held at once.
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    kibibytes_of(&status, "VmHWM:")
}

/// Above what was promised: pages that are counted and never touched.
const SLACK_BYTES: u64 = 256 << 20;

/// Lets the system refuse this process more than `bytes`. A hostile template can double a text in
/// its variables, which no counting of instructions sees; it then ends this process (by SIGABRT)
/// and nobody else's.
pub fn limit_memory(bytes: u64) {
    let before = getrlimit(Resource::Data);
    let wanted = bytes.saturating_add(SLACK_BYTES);
    let current = Some(before.maximum.map_or(wanted, |most| most.min(wanted)));
    let limit = Rlimit { current, ..before };
    // A limit that cannot be set is one that is lower already.
    let _ = setrlimit(Resource::Data, limit);
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
fn available_of(meminfo: &str) -> Option<u64> {
    kibibytes_of(meminfo, "MemAvailable:")
}

/// A line such as `VmHWM:  12 kB`, in bytes.
fn kibibytes_of(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// What the control group has left, where it has a limit.
fn group_room() -> Option<u64> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let limit = number("/sys/fs/cgroup/memory.max")?;
    let used = number("/sys/fs/cgroup/memory.current").unwrap_or_default();
    // Cached file pages count as used and give way.
    let cached = fs::read_to_string("/sys/fs/cgroup/memory.stat")
        .ok()
        .and_then(|text| inactive_of(&text));
    Some(limit.saturating_sub(used.saturating_sub(cached.unwrap_or_default())))
}

fn inactive_of(stat: &str) -> Option<u64> {
    let line = stat
        .lines()
        .find_map(|line| line.strip_prefix("inactive_file "))?;
    line.trim().parse().ok()
}

/// What a run on the processor will need: what its engine plans, the copies a
/// checkpoint makes of the adapter and its moments, and the process itself.
pub(super) fn needed(
    model: &Path,
    settings: &TrainSettings,
    tokens: u64,
) -> Result<u64, BackendError> {
    let plan = MemoryPlan::of(model, settings)?;
    Ok(plan.total() + plan.adapters + TOKEN_BYTES * tokens + PROCESS_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_read_in_kibibytes() {
        let text = "MemTotal: 100 kB\nMemAvailable:     12 kB\n";

        assert_eq!(available_of(text), Some(12 * 1024));
        assert_eq!(available_of("MemTotal: 1 kB"), None);
    }
}
