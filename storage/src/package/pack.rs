//! Packing a folder.

use super::header::{BLOCK, blocks};
use super::name::is_plain;
use super::read::Entry;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

/// What to do about symbolic links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// A link stops the packing.
    Refuse,
    /// A link to a file is packed as that file, as in Hugging Face's cache.
    FollowToFiles,
}

/// Why a folder cannot be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is neither a file nor a folder, or a link that is not to be followed", .0.display())]
    Kind(PathBuf),
    #[error("{} cannot be named in a package", .0.display())]
    Name(PathBuf),
    #[error("{} has no files", .0.display())]
    Empty(PathBuf),
}

/// A folder that is about to be one file.
#[derive(Clone, Debug)]
pub struct Packing {
    files: Vec<(Entry, PathBuf)>,
}

impl Packing {
    /// Looks at everything below `dir`; empty folders are not packed.
    pub fn of(dir: &Path, links: Links) -> Result<Self, PackError> {
        let mut files = Vec::new();
        walk(dir, "", links, &mut files)?;
        files.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        if files.is_empty() {
            Err(PackError::Empty(dir.to_owned()))
        } else {
            Ok(Self { files })
        }
    }

    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.files.iter().map(|(entry, _)| entry)
    }

    /// How long the package will be.
    pub fn bytes_len(&self) -> u64 {
        let entry = |entry: &Entry| {
            let header = u64::try_from(blocks(&entry.name, entry.size).len()).unwrap_or(0);
            header + entry.size.next_multiple_of(BLOCK_U64)
        };
        self.entries().map(entry).sum::<u64>() + 2 * BLOCK_U64
    }

    /// The package's bytes, read from the files as they are asked for.
    pub fn reader(&self) -> impl Read + Send + use<> {
        Pack {
            files: self.files.clone().into_iter(),
            now: Box::new(io::empty()),
            ended: false,
        }
    }
}

const BLOCK_U64: u64 = 512;

fn walk(
    dir: &Path,
    above: &str,
    links: Links,
    files: &mut Vec<(Entry, PathBuf)>,
) -> Result<(), PackError> {
    let read = |source| PackError::Read {
        path: dir.to_owned(),
        source,
    };
    for found in fs::read_dir(dir).map_err(read)? {
        let path = found.map_err(read)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name
            .map(|name| format!("{above}{name}"))
            .filter(|name| is_plain(name));
        let name = name.ok_or_else(|| PackError::Name(path.clone()))?;
        let source = |source| PackError::Read {
            path: path.clone(),
            source,
        };
        let kind = fs::symlink_metadata(&path).map_err(source)?;
        let followed = kind.is_symlink() && links == Links::FollowToFiles;
        let target = if followed {
            fs::metadata(&path).map_err(source)?
        } else {
            kind.clone()
        };
        if target.is_file() {
            files.push((
                Entry {
                    name,
                    size: target.len(),
                },
                path,
            ));
        } else if kind.is_dir() {
            walk(&path, &format!("{name}/"), links, files)?;
        } else {
            return Err(PackError::Kind(path));
        }
    }
    Ok(())
}

struct Pack {
    files: std::vec::IntoIter<(Entry, PathBuf)>,
    now: Box<dyn Read + Send>,
    ended: bool,
}

impl Read for Pack {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.now.read(buffer)?;
            if count > 0 || buffer.is_empty() || self.ended {
                return Ok(count);
            }
            self.next()?;
        }
    }
}

impl Pack {
    fn next(&mut self) -> io::Result<()> {
        let Some((entry, path)) = self.files.next() else {
            self.ended = true;
            self.now = Box::new(Cursor::new([0; 2 * BLOCK]));
            return Ok(());
        };
        let header = Cursor::new(blocks(&entry.name, entry.size));
        let zeros = entry.size.next_multiple_of(BLOCK_U64) - entry.size;
        let file = Exactly {
            file: File::open(&path)?,
            left: entry.size,
            path,
        };
        self.now = Box::new(header.chain(file).chain(io::repeat(0).take(zeros)));
        Ok(())
    }
}

/// A file that has to be as long as it was when it was looked at.
struct Exactly {
    file: File,
    left: u64,
    path: PathBuf,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let read = u64::try_from(count).unwrap_or(u64::MAX);
        let cut = count == 0 && self.left > 0 && !buffer.is_empty();
        if cut || read > self.left {
            let changed = format!("{} changed while it was packed", self.path.display());
            return Err(io::Error::other(changed));
        }
        self.left -= read;
        Ok(count)
    }
}
