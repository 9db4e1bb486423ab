//! The vault's folders on disk: drafts, and files that are there whole or not at all.

use super::{Kind, Name, VaultError};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// No name begins with a dot, so no draft is taken for a file.
const DRAFT: &str = ".draft-";

#[derive(Debug)]
pub(super) struct Room {
    folder: PathBuf,
    drafts: AtomicU64,
}

/// A file that is being written; gone when dropped, unless it was kept.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
    file: File,
}

impl Room {
    pub(super) fn open(folder: &Path) -> Result<Self, VaultError> {
        for kind in Kind::ALL {
            let folder = folder.join(kind.folder());
            let mut maker = DirBuilder::new();
            let made = maker.recursive(true).mode(0o700).create(&folder);
            made.and_then(|()| sweep(&folder))
                .map_err(VaultError::Folder)?;
        }
        Ok(Self {
            folder: folder.into(),
            drafts: AtomicU64::new(0),
        })
    }

    pub(super) fn path(&self, kind: Kind, name: &Name) -> PathBuf {
        self.folder.join(kind.folder()).join(name.as_str())
    }

    pub(super) fn draft(&self, kind: Kind) -> Result<Draft, VaultError> {
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.join(kind.folder());
        let path = folder.join(format!("{DRAFT}{}-{number}", std::process::id()));
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(VaultError::writing)?;
        Ok(Draft { path, file })
    }

    pub(super) fn keep(&self, draft: Draft, kind: Kind, name: &Name) -> Result<(), VaultError> {
        let path = self.path(kind, name);
        draft
            .file
            .sync_all()
            .and_then(|()| fs::rename(&draft.path, &path))
            .and_then(|()| self.sync(kind))
            .map_err(VaultError::writing)
    }

    pub(super) fn remove(&self, kind: Kind, name: &Name) -> Result<(), VaultError> {
        let removed = match fs::remove_file(self.path(kind, name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            removed => removed.and_then(|()| self.sync(kind)),
        };
        removed.map_err(VaultError::writing)
    }

    pub(super) fn list(&self, kind: Kind) -> Result<Vec<Name>, VaultError> {
        let entries = fs::read_dir(self.folder.join(kind.folder())).map_err(VaultError::Read)?;
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(VaultError::Read)?.file_name();
            names.extend(name.to_str().and_then(|name| name.parse().ok()));
        }
        names.sort();
        Ok(names)
    }

    fn sync(&self, kind: Kind) -> io::Result<()> {
        File::open(self.folder.join(kind.folder()))?.sync_all()
    }
}

impl Draft {
    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A kept draft has another name now; one that stays is swept at the next start.
        drop(fs::remove_file(&self.path));
    }
}

/// Removes the drafts a killed process left.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(DRAFT.as_bytes())
        {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
