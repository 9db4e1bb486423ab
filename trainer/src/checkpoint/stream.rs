//! Checkpoints through a pipe: the other end seals and keeps them.

use super::codec::write_snapshot;
use super::{CheckpointError, Snapshot};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Checkpoints written one after another, each behind its length (u64, little end
/// first), so that the reader knows when one is whole.
#[derive(Debug)]
pub struct Frames {
    path: PathBuf,
    out: File,
}

impl Frames {
    /// Opens a pipe, a FIFO or an inherited file such as `/dev/fd/3`.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let opened = File::options().write(true).open(path);
        let path = path.to_owned();
        match opened {
            Ok(out) => Ok(Self { path, out }),
            Err(source) => Err(CheckpointError::Write { path, source }),
        }
    }

    pub fn save(&mut self, snapshot: &Snapshot) -> Result<(), CheckpointError> {
        let mut bytes = Vec::new();
        let len = |bytes: &Vec<u8>| (bytes.len() as u64).to_le_bytes();
        let written = write_snapshot(snapshot, &mut bytes)
            .and_then(|()| self.out.write_all(&len(&bytes)))
            .and_then(|()| self.out.write_all(&bytes))
            .and_then(|()| self.out.flush());
        written.map_err(|source| CheckpointError::Write {
            path: self.path.clone(),
            source,
        })
    }
}
