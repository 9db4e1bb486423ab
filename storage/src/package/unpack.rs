//! Unpacking into a folder that was not there before.

use super::read::{Entry, Limits, UnpackError, read_package};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Unpacks to `to`, which must not exist: all of the package, or nothing.
pub fn unpack(from: impl Read, to: &Path, limits: Limits) -> Result<Vec<Entry>, UnpackError> {
    if to.symlink_metadata().is_ok() {
        return Err(UnpackError::Exists(to.to_owned()));
    }
    let beside = to
        .parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let room = tempfile::Builder::new()
        .prefix(".unpacking-")
        .tempdir_in(beside)
        .map_err(write(beside))?;
    let mut entries = Vec::new();
    read_package(from, limits, |entry, content| {
        entries.push(entry.clone());
        unpack_entry(room.path(), entry, content)
    })?;
    // The folder was made for its owner alone; from here on it is like any other.
    let made = room.keep();
    fs::rename(&made, to)
        .map_err(write(to))
        .inspect_err(|_failed| drop(fs::remove_dir_all(&made)))?;
    Ok(entries)
}

fn unpack_entry(room: &Path, entry: &Entry, content: &mut dyn Read) -> Result<(), UnpackError> {
    let path = room.join(&entry.name);
    let dir = path.parent().unwrap_or(room);
    fs::create_dir_all(dir).map_err(write(dir))?;
    let mut file = File::create_new(&path).map_err(write(&path))?;
    let written = io::copy(content, &mut file).map_err(write(&path))?;
    if written != entry.size {
        return Err(UnpackError::Cut);
    }
    file.sync_all().map_err(write(&path))
}

fn write(path: &Path) -> impl FnOnce(io::Error) -> UnpackError {
    let path = path.to_owned();
    move |source| UnpackError::Write { path, source }
}
