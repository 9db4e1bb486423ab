//! Work folders in memory: made for one child, wiped with it.

use super::settings::{PlainDisk, Settings};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::warn;

/// Nothing else in the scratch folder is touched.
const PREFIX: &str = "sealtune-job-";

/// `TMPFS_MAGIC` and `RAMFS_MAGIC` of linux/magic.h.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];

#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    #[error("cannot use trainer.scratch {}", path.display())]
    Folder {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "trainer.scratch {} is on a disk, where plaintext would stay; name a tmpfs, or set trainer.plain_disk = \"allow\" for development",
        .0.display()
    )]
    PlainDisk(PathBuf),
    #[error(
        "memory is swapped to {0}, where plaintext would stay; turn it off, or set trainer.plain_disk = \"allow\" for development"
    )]
    Swap(String),
}

/// Where work folders are made.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: PathBuf,
    jobs: AtomicU64,
}

/// The work folder of one child; wiped when dropped.
#[derive(Debug)]
pub(super) struct Work {
    path: PathBuf,
}

impl Scratch {
    /// Checks that the folder is in memory, and wipes what a killed node left there.
    pub(super) fn open(settings: &Settings) -> Result<Self, ScratchError> {
        let folder = settings.scratch.clone();
        prepare(&folder).map_err(|source| ScratchError::Folder {
            path: folder.clone(),
            source,
        })?;
        if settings.plain_disk == PlainDisk::Refuse {
            check_memory(&folder)?;
        }
        Ok(Self {
            folder,
            jobs: AtomicU64::new(0),
        })
    }

    pub(super) fn work(&self) -> io::Result<Work> {
        let number = self.jobs.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{PREFIX}{number}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Work { path })
    }
}

impl Work {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the trainer puts the result.
    pub(super) fn out(&self) -> PathBuf {
        self.path.join("out")
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            let folder = self.path.display();
            warn!(%folder, %error, "a work folder cannot be wiped; the next start tries again");
        }
    }
}

fn prepare(folder: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes())
        {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn check_memory(folder: &Path) -> Result<(), ScratchError> {
    let found = rustix::fs::statfs(folder).map_err(|error| ScratchError::Folder {
        path: folder.into(),
        source: error.into(),
    })?;
    let kind = u64::try_from(found.f_type).unwrap_or(0);
    if !IN_MEMORY.contains(&kind) {
        return Err(ScratchError::PlainDisk(folder.into()));
    }
    let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
    match swap_on_disk(&swaps) {
        Some(device) => Err(ScratchError::Swap(device.into())),
        None => Ok(()),
    }
}

/// The first swap that is not itself compressed memory.
fn swap_on_disk(swaps: &str) -> Option<&str> {
    let mut devices = swaps
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next());
    devices.find(|device| !device.starts_with("/dev/zram"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap_on_a_disk_is_seen_and_swap_in_memory_is_not() {
        let head = "Filename Type Size Used Priority\n";

        assert_eq!(swap_on_disk(head), None);
        assert_eq!(
            swap_on_disk(&format!("{head}/dev/zram0 partition 9 0 5\n")),
            None
        );
        assert_eq!(
            swap_on_disk(&format!(
                "{head}/dev/zram0 partition 9 0 5\n/swapfile file 9 0 -2\n"
            )),
            Some("/swapfile")
        );
    }

    #[test]
    fn a_folder_on_a_disk_is_told_from_one_in_memory() {
        let disk = check_memory(Path::new("/proc"));

        assert!(matches!(disk, Err(ScratchError::PlainDisk(_))));
        let memory = check_memory(Path::new("/dev/shm"));
        assert!(!matches!(memory, Err(ScratchError::PlainDisk(_))));
    }

    #[test]
    fn what_a_killed_node_left_is_wiped_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(format!("{PREFIX}7/out"))).unwrap();
        fs::write(folder.path().join("other"), "x").unwrap();

        prepare(folder.path()).unwrap();

        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1);
    }
}
