//! Names within a package: plain relative paths.

/// No path in a package is longer.
const NAME_BYTES_MAX: usize = 1024;

/// No part of a path is longer: what file systems take.
const PART_BYTES_MAX: usize = 255;

/// Whether `name` stays below the folder it is unpacked in, on every system.
pub(super) fn is_plain(name: &str) -> bool {
    let part_is_plain = |part: &str| {
        !part.is_empty() && part != "." && part != ".." && part.len() <= PART_BYTES_MAX
    };
    name.len() <= NAME_BYTES_MAX
        && !name.contains(['\\', ':'])
        && !name.chars().any(char::is_control)
        && name.split('/').all(part_is_plain)
}

/// Every folder above `name`.
pub(super) fn parents(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(at, _)| &name[..at])
}
