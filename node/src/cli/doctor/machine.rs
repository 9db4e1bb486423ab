//! The machine itself: folders, disk, memory, clock, ports, the TEE's device.

use super::Finding;
use crate::config::Config;
use crate::heart::disk_free_bytes;
use crate::operator;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Writes that are waited for; the journal makes one for each event.
const SYNCS: u32 = 20;
const SYNC_SLOW: Duration = Duration::from_millis(50);
/// The smallest model this node is useful with needs about so much.
const MEMORY_BYTES_MIN: u64 = 4 << 30;
/// Guest devices of the two TEEs.
const DEVICES: [&str; 2] = ["/dev/sev-guest", "/dev/tdx_guest"];

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let folder = &config.state.folder;
    let runs = UnixStream::connect(operator::path(folder)).is_ok();
    vec![
        state_folder(folder),
        disk(folder, config.breaker.disk_free_bytes_min),
        syncs(folder),
        memory(),
        clock(),
        port("api port", config.api.listen, runs),
        port("operator port", config.operator.listen, runs),
        device(),
    ]
}

fn state_folder(folder: &Path) -> Finding {
    let shown = folder.display();
    match fs::metadata(folder) {
        Err(error) => Finding::failed(
            "state folder",
            format!("{shown}: {error}"),
            "sealtune-node init makes it",
        ),
        Ok(found) if !found.is_dir() => Finding::failed(
            "state folder",
            format!("{shown} is not a folder"),
            "change state.folder",
        ),
        Ok(found) => match found.permissions().mode() & 0o077 {
            0 => Finding::ok("state folder", format!("{shown} is for its owner alone")),
            _ => Finding::warning(
                "state folder",
                format!("{shown} is open to others"),
                "chmod 700",
            ),
        },
    }
}

fn disk(folder: &Path, wanted: u64) -> Finding {
    match disk_free_bytes(folder) {
        None => Finding::failed(
            "disk",
            "its room cannot be read",
            "is the state folder there?",
        ),
        Some(free) if free < wanted => Finding::failed(
            "disk",
            format!("{} free, {} wanted", gib(free), gib(wanted)),
            "make room: the breaker would be open (breaker.disk_free_bytes_min)",
        ),
        Some(free) => Finding::ok("disk", format!("{} free", gib(free))),
    }
}

fn syncs(folder: &Path) -> Finding {
    match time_syncs(&folder.join("doctor.tmp")) {
        Err(error) => Finding::failed(
            "fsync",
            error.to_string(),
            "the node's user must be able to write there",
        ),
        Ok(each) if each > SYNC_SLOW => Finding::warning(
            "fsync",
            format!("{each:.1?} each"),
            "a faster disk makes every step of a task faster",
        ),
        Ok(each) => Finding::ok("fsync", format!("{each:.1?} each")),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "this measures the machine, not the chain's time"
)]
fn time_syncs(path: &Path) -> io::Result<Duration> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    let begun = Instant::now();
    for _ in 0..SYNCS {
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
    }
    let each = begun.elapsed() / SYNCS;
    fs::remove_file(path)?;
    Ok(each)
}

fn memory() -> Finding {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    match meminfo(&text, "MemAvailable:") {
        None => Finding::skipped("memory", "/proc/meminfo does not say"),
        Some(free) if free < MEMORY_BYTES_MIN => Finding::warning(
            "memory",
            format!("{} available", gib(free)),
            "only the smallest models fit",
        ),
        Some(free) => Finding::ok("memory", format!("{} available", gib(free))),
    }
}

fn meminfo(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kib.checked_mul(1024)
}

/// systemd-timesyncd and chrony leave a mark when the clock has been set.
fn clock() -> Finding {
    let marks = [
        "/run/systemd/timesync/synchronized",
        "/var/lib/chrony/drift",
        "/var/lib/ntp/ntp.drift",
    ];
    let set_by = marks.into_iter().find(|mark| Path::new(mark).exists());
    match set_by {
        Some(mark) => Finding::ok("clock", format!("is kept ({mark})")),
        None => Finding::warning(
            "clock",
            "nobody seems to keep it",
            "run systemd-timesyncd or chrony",
        ),
    }
}

fn port(check: &'static str, address: SocketAddr, runs: bool) -> Finding {
    if runs {
        return Finding::skipped(check, format!("{address} is the running node's"));
    }
    match TcpListener::bind(address) {
        Ok(_listener) => Finding::ok(check, format!("{address} is free")),
        Err(error) => Finding::failed(
            check,
            format!("{address}: {error}"),
            "another program listens there",
        ),
    }
}

fn device() -> Finding {
    match DEVICES
        .into_iter()
        .find(|device| Path::new(device).exists())
    {
        None => Finding::warning(
            "tee device",
            "there is none",
            "only orders of tier 0 (development) can be served",
        ),
        Some(device) => match OpenOptions::new().read(true).write(true).open(device) {
            Ok(_opened) => Finding::ok("tee device", device),
            Err(error) => Finding::failed(
                "tee device",
                format!("{device}: {error}"),
                "give it to the node's user",
            ),
        },
    }
}

fn gib(bytes: u64) -> String {
    format!("{}.{} GiB", bytes >> 30, ((bytes % (1 << 30)) * 10) >> 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_memory_table_is_read_in_bytes() {
        let text = "MemTotal:       2048 kB\nMemAvailable:       1024 kB\n";

        assert_eq!(meminfo(text, "MemAvailable:"), Some(1024 * 1024));
        assert_eq!(meminfo(text, "SwapFree:"), None);
    }

    #[test]
    fn syncs_are_timed_and_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();

        time_syncs(&folder.path().join("x")).unwrap();

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
