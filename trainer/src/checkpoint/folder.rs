//! Checkpoints in a folder: whole or not there.

use super::codec::{read_snapshot, write_snapshot};
use super::{CheckpointError, Snapshot};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

const PREFIX: &str = "step-";
const SUFFIX: &str = ".ckpt";
const PARTIAL: &str = ".partial";

/// A folder of checkpoints, one file each, named by their step.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    keep: usize,
}

/// The newest checkpoint that is whole, and the newer ones that are not.
#[derive(Debug, Default)]
pub struct Newest {
    pub snapshot: Option<Snapshot>,
    pub corrupt: Vec<PathBuf>,
}

impl Folder {
    /// Opens or makes the folder; what a crash left half written is removed.
    pub fn open(path: &Path, keep: usize) -> Result<Self, CheckpointError> {
        let folder = Self {
            path: path.to_owned(),
            keep: keep.max(1),
        };
        fs::create_dir_all(path).map_err(|source| folder.unwritable(source))?;
        for name in folder.names()? {
            if name.ends_with(PARTIAL) {
                fs::remove_file(path.join(&name)).map_err(|source| folder.unwritable(source))?;
            }
        }
        Ok(folder)
    }

    /// Writes a checkpoint so that it is there whole, or not at all: into a file of
    /// another name, to the disk, then renamed. Older ones go only after that.
    pub fn save(&self, snapshot: &Snapshot) -> Result<PathBuf, CheckpointError> {
        let path = self.path_of(snapshot.progress.step);
        let partial = path.with_added_extension(PARTIAL.trim_start_matches('.'));
        let written = write_durably(&partial, snapshot)
            .and_then(|()| fs::rename(&partial, &path))
            .and_then(|()| sync_folder(&self.path));
        if let Err(source) = written {
            // A full disk needs the space back; the error that matters is the first.
            drop(fs::remove_file(&partial));
            return Err(CheckpointError::Write { path, source });
        }
        self.forget_old();
        Ok(path)
    }

    /// The newest checkpoint that reads back whole.
    pub fn newest(&self) -> Result<Newest, CheckpointError> {
        let mut newest = Newest::default();
        for step in self.steps()?.into_iter().rev() {
            match self.load(step) {
                Ok(snapshot) => {
                    newest.snapshot = Some(snapshot);
                    return Ok(newest);
                }
                Err(error @ CheckpointError::Read { .. }) => return Err(error),
                Err(_corrupt) => newest.corrupt.push(self.path_of(step)),
            }
        }
        if newest.corrupt.is_empty() {
            Ok(newest)
        } else {
            Err(CheckpointError::AllCorrupt(self.path.clone()))
        }
    }

    /// The checkpoint of one step.
    pub fn load(&self, step: u64) -> Result<Snapshot, CheckpointError> {
        let path = self.path_of(step);
        match File::open(&path) {
            Ok(file) => read_snapshot(&mut BufReader::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(CheckpointError::NoSuchStep(step))
            }
            Err(source) => Err(CheckpointError::Read { path, source }),
        }
    }

    /// The steps there are checkpoints of, oldest first.
    pub fn steps(&self) -> Result<Vec<u64>, CheckpointError> {
        let names = self.names()?;
        let mut steps: Vec<u64> = names.iter().filter_map(|name| step_of(name)).collect();
        steps.sort_unstable();
        Ok(steps)
    }

    /// A checkpoint that cannot be removed costs space and nothing else.
    fn forget_old(&self) {
        let steps = self.steps().unwrap_or_default();
        let surplus = steps.len().saturating_sub(self.keep);
        for step in steps.into_iter().take(surplus) {
            drop(fs::remove_file(self.path_of(step)));
        }
    }

    fn path_of(&self, step: u64) -> PathBuf {
        self.path.join(format!("{PREFIX}{step:010}{SUFFIX}"))
    }

    fn names(&self) -> Result<Vec<String>, CheckpointError> {
        let unreadable = |source| CheckpointError::Read {
            path: self.path.clone(),
            source,
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(unreadable)? {
            names.push(
                entry
                    .map_err(unreadable)?
                    .file_name()
                    .to_string_lossy()
                    .into_owned(),
            );
        }
        Ok(names)
    }

    fn unwritable(&self, source: io::Error) -> CheckpointError {
        let path = self.path.clone();
        CheckpointError::Write { path, source }
    }
}

fn step_of(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?
        .strip_suffix(SUFFIX)?
        .parse()
        .ok()
}

fn write_durably(path: &Path, snapshot: &Snapshot) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    write_snapshot(snapshot, &mut out)?;
    out.flush()?;
    out.into_inner()?.sync_all()
}

/// Makes the rename itself durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
