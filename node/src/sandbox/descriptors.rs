//! No descriptor but the standard three and the pipes.

use super::launch::Why;
use nix::errno::Errno;
use std::fs;

/// Closes everything above `last` that whoever started the node left open.
pub(super) fn close_beyond(last: i32) -> Result<(), Why> {
    for descriptor in open_ones()? {
        if descriptor <= last {
            continue;
        }
        match nix::unistd::close(descriptor) {
            // The listing's own descriptor is gone with the listing.
            Ok(()) | Err(Errno::EBADF) => {}
            Err(error) => return Err(format!("cannot close descriptor {descriptor}: {error}")),
        }
    }
    Ok(())
}

/// Collected first, so that nothing is closed under the listing.
pub(super) fn open_ones() -> Result<Vec<i32>, Why> {
    let entries = fs::read_dir("/proc/self/fd").map_err(|error| format!("no /proc: {error}"))?;
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(numbers.collect())
}
