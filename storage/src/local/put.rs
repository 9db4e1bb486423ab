//! Putting content into a folder so that a crash leaves all of it or nothing.

use super::LocalFolder;
use super::pace::{Pace, keeping_pace};
use crate::error::{StoreError, disk};
use crate::id::{Content, Outline, Tee, outline_of};
use crate::store::Receipt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Keeps the file of known content; nothing is written where it is here already.
pub(super) fn from_file(
    folder: &LocalFolder,
    mut file: &File,
    content: Content,
) -> Result<Receipt, StoreError> {
    if folder.has(content.root)?.is_some() {
        touch(folder, content)?;
        return Ok(Receipt {
            content,
            already: true,
            moved_bytes: 0,
            tx_seq: None,
        });
    }
    folder.room_for(content.size)?;
    file.rewind().map_err(disk("read again", folder.dir()))?;
    let receipt = from_reader(folder, file)?;
    if receipt.content.root == content.root {
        return Ok(receipt);
    }
    // The file changed between its naming and now: what was kept has its own true name.
    Err(StoreError::WrongContent {
        wanted: content.root,
        found: receipt.content.root,
    })
}

pub(super) fn from_reader(
    folder: &LocalFolder,
    reader: impl Read + Send,
) -> Result<Receipt, StoreError> {
    let room = room(folder)?;
    let file = NamedTempFile::new_in(folder.tmp()).map_err(disk("write in", &folder.tmp()))?;
    let (outline, synced) = keeping_pace(file.as_file(), |pace| {
        let writer = Bounded {
            file: file.as_file(),
            pace,
            room,
            failed: None,
        };
        written(folder, Tee { reader, writer })
    });
    let outline = outline?;
    synced.map_err(disk("sync", file.path()))?;
    let content = outline.content();
    let already = folder.has(content.root)?.is_some();
    if already {
        touch(folder, content)?;
    } else {
        let path = file.into_temp_path();
        commit(folder, &path, &outline)?;
    }
    let moved_bytes = if already { 0 } else { content.size };
    Ok(Receipt {
        content,
        already,
        moved_bytes,
        tx_seq: None,
    })
}

/// Names what is read while it is written down.
fn written<R: Read + Send>(
    folder: &LocalFolder,
    mut tee: Tee<R, Bounded<'_>>,
) -> Result<Outline, StoreError> {
    match (outline_of(&mut tee), tee.writer.failed) {
        (Ok(outline), _) => Ok(outline),
        (Err(_), Some(failed)) => Err(failed.into_error(folder)),
        (Err(error), None) => Err(error.into()),
    }
}

/// Syncs the file of whole, checked content and moves it to its name.
pub(crate) fn commit(
    folder: &LocalFolder,
    file: &Path,
    outline: &Outline,
) -> Result<(), StoreError> {
    let root = outline.root();
    File::open(file)
        .and_then(|file| file.sync_all())
        .map_err(disk("sync", file))?;
    // The outline goes first: content that is there has its outline.
    place_bytes(folder, &folder.outline_path(root), &outline.to_bytes())?;
    place(file, &folder.path(root))
}

/// Writes a small file whole or not at all.
pub(super) fn place_bytes(folder: &LocalFolder, to: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = NamedTempFile::new_in(folder.tmp()).map_err(disk("write in", &folder.tmp()))?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(disk("write", to))?;
    place(&file.into_temp_path(), to)
}

/// Renames a synced file and syncs the folder that now names it.
pub(crate) fn place(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(disk("move into place", to))?;
    sync_dir(to.parent().unwrap_or(Path::new(".")))
}

fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(disk("sync", dir))
}

/// Marks content as wanted now, which is what retention counts from.
fn touch(folder: &LocalFolder, content: Content) -> Result<(), StoreError> {
    let path = folder.path(content.root);
    // A file made now carries the file system's own time.
    let now = NamedTempFile::new_in(folder.tmp())
        .and_then(|file| file.as_file().metadata())
        .and_then(|fresh| fresh.modified());
    now.and_then(|now| File::options().append(true).open(&path)?.set_modified(now))
        .map_err(disk("touch", &path))
}

fn room(folder: &LocalFolder) -> Result<u64, StoreError> {
    let Some(quota) = folder.quota() else {
        return Ok(u64::MAX);
    };
    Ok(quota.saturating_sub(folder.used_bytes()?))
}

/// A file that takes so many bytes and no more.
struct Bounded<'a> {
    file: &'a File,
    pace: Pace,
    room: u64,
    failed: Option<Failed>,
}

enum Failed {
    Full(u64),
    Disk(io::Error),
}

impl Failed {
    fn into_error(self, folder: &LocalFolder) -> StoreError {
        match self {
            Self::Full(needed) => StoreError::Quota {
                quota: folder.quota().unwrap_or(u64::MAX),
                needed,
            },
            Self::Disk(error) => disk("write in", &folder.tmp())(error),
        }
    }
}

impl Write for Bounded<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let wanted = u64::try_from(buffer.len()).unwrap_or(u64::MAX);
        if wanted > self.room {
            self.failed = Some(Failed::Full(wanted));
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let written = self.file.write(buffer).map_err(|error| {
            let kind = error.kind();
            self.failed = Some(Failed::Disk(error));
            io::Error::from(kind)
        })?;
        self.pace.wrote(written);
        self.room -= u64::try_from(written).unwrap_or(0);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
