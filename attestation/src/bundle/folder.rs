//! A bundle on disk.

use super::{BUNDLE_BYTES_MAX, BadBundle, Bundle, FILE_BYTES_MAX, FILES_MAX};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A folder that cannot be read or written as a bundle.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("cannot access {path}")]
    Io { path: PathBuf, source: io::Error },
    #[error("this is no bundle")]
    Bundle(#[from] BadBundle),
}

impl Bundle {
    /// Reads a folder or an archive, within the bounds of a bundle.
    pub fn read(path: &Path) -> Result<Self, FolderError> {
        if path.is_file() {
            let bytes = read_bounded(path, BUNDLE_BYTES_MAX.saturating_mul(2)).map_err(at(path))?;
            return Ok(Self::from_archive(&bytes)?);
        }
        let mut files = BTreeMap::new();
        collect(path, "", &mut files)?;
        Ok(Self::from_files(files)?)
    }

    /// Writes a folder. Files of other bundles in it are left, and then refused.
    pub fn write(&self, folder: &Path) -> Result<(), FolderError> {
        for (name, bytes) in self.files() {
            let path = folder.join(name);
            let parent = path.parent().unwrap_or(folder);
            fs::create_dir_all(parent).map_err(at(parent))?;
            fs::write(&path, bytes).map_err(at(&path))?;
        }
        Ok(())
    }
}

fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), FolderError> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let entry = entry.map_err(at(folder))?;
        let path = entry.path();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(at(&path))?;
        if kind.is_dir() && prefix.is_empty() {
            collect(&path, &format!("{name}/"), files)?;
        } else if !kind.is_file() {
            // Links, pipes and deeper folders have no place in a bundle.
            return Err(BadBundle::Name(name).into());
        } else if files.len() >= FILES_MAX {
            return Err(BadBundle::TooMany.into());
        } else {
            files.insert(
                name,
                read_bounded(&path, FILE_BYTES_MAX).map_err(at(&path))?,
            );
        }
    }
    Ok(())
}

/// One byte more than is allowed, so that a file that is too long shows as such.
fn read_bounded(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    File::open(path)?
        .take(bound.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError + use<> {
    let path = path.to_owned();
    |source| FolderError::Io { path, source }
}
