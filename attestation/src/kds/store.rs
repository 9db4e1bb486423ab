//! What the key server said, on disk.
//!
//! ```text
//!   {line}/vcek/{chip id}/{firmware level}.der
//!   {line}/cert_chain.pem
//!   {line}/crl.der
//! ```
//! A copy of such a folder, made where there is a network, serves where there is none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What AMD sends is a few KiB.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A folder of certificates and lists.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// What an import brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub files: usize,
}

impl Store {
    pub fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    pub(super) fn get(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        let path = self.root.join(key);
        match fs::metadata(&path) {
            Ok(found) if found.len() <= FILE_BYTES_MAX => fs::read(&path).map(Some),
            Ok(_too_large) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whole or not at all: a reader never sees half a certificate.
    pub(super) fn put(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.root.join(key);
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        let partial = path.with_extension("partial");
        fs::write(&partial, bytes)?;
        fs::rename(&partial, &path)
    }

    /// Takes over the files of another store. They are checked when they are used.
    pub fn import(&self, from: &Path) -> io::Result<Imported> {
        let mut imported = Imported::default();
        self.import_folder(from, "", &mut imported)?;
        Ok(imported)
    }

    fn import_folder(&self, from: &Path, prefix: &str, imported: &mut Imported) -> io::Result<()> {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            match entry.file_type()? {
                kind if kind.is_dir() => {
                    self.import_folder(&entry.path(), &format!("{name}/"), imported)?;
                }
                kind if kind.is_file() && entry.metadata()?.len() <= FILE_BYTES_MAX => {
                    self.put(&name, &fs::read(entry.path())?)?;
                    imported.files = imported.files.saturating_add(1);
                }
                _link_or_too_large => {}
            }
        }
        Ok(())
    }
}
