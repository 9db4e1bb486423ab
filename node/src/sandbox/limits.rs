//! What the child may use up.

use super::launch::Why;
use super::spec::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// One byte, not zero: a zero still feeds a core to a `core_pattern` that is a pipe,
/// a one does neither (core(5), and `vfs_coredump` in the kernel).
const CORE_BYTES: u64 = 1;

pub(super) fn set(limits: &Limits) -> Result<(), Why> {
    let all = [
        (Resource::Core, CORE_BYTES, "core"),
        (Resource::Data, limits.data_bytes, "data"),
        (Resource::Cpu, limits.cpu_secs, "cpu"),
        (Resource::Fsize, limits.file_bytes, "file size"),
        (Resource::Nofile, limits.open_files, "open files"),
    ];
    all.into_iter().try_for_each(|(resource, most, name)| {
        lower(resource, most).map_err(|why| format!("{name}: {why}"))
    })
}

/// Soft and hard, and never above what holds already.
fn lower(resource: Resource, most: u64) -> Result<(), Why> {
    let hard = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let most = Some(most.min(hard));
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    setrlimit(resource, limit).map_err(|error| error.to_string())
}
