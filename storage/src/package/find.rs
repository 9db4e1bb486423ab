//! One file of a package, without reading the others.

use super::name::is_plain;
use super::read::{Limits, UnpackError, next_entry};
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

/// Where the bytes of `name` lie in the package; nothing, if it is not there.
///
/// Headers are read up to it, so names are in order and in the one form; the content
/// in between is skipped.
pub fn find_in_package(
    mut package: impl Read + Seek,
    limits: Limits,
    name: &str,
) -> Result<Option<Range<u64>>, UnpackError> {
    for number in 0..limits.entries {
        let Some(entry) = next_entry(&mut package, number)? else {
            return Ok(None);
        };
        if !is_plain(&entry.name) {
            return Err(UnpackError::Name(number));
        }
        let start = package.stream_position().map_err(UnpackError::Read)?;
        let end = start
            .checked_add(entry.size)
            .filter(|_| entry.size <= limits.bytes)
            .ok_or(UnpackError::TooLarge(limits.bytes))?;
        match entry.name.as_str().cmp(name) {
            std::cmp::Ordering::Equal => return Ok(Some(start..end)),
            // Entries are in order: it will not come any more.
            std::cmp::Ordering::Greater => return Ok(None),
            std::cmp::Ordering::Less => {}
        }
        let next = start + entry.size.next_multiple_of(512);
        package
            .seek(SeekFrom::Start(next))
            .map_err(UnpackError::Read)?;
    }
    Err(UnpackError::TooMany(limits.entries))
}
