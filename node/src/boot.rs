//! From a state folder to a memory: the key, then the journal.

use crate::conductor::{ConductorError, Memory};
use crate::config::State;
use crate::damage;
use crate::journal::{JournalKey, KeyError};
use std::path::{Path, PathBuf};
use std::{fs, io};

#[derive(Debug, thiserror::Error)]
pub enum BootError {
    #[error("the state folder {path} cannot be used")]
    Folder {
        path: PathBuf,
        #[source]
        source: FolderError,
    },
    #[error("cannot take the journal key {path}")]
    Key {
        path: PathBuf,
        #[source]
        source: KeyError,
    },
    #[error("cannot open the journal {path}")]
    Journal {
        path: PathBuf,
        #[source]
        source: ConductorError,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("it does not exist; create it with mode 0700 or change state.folder")]
    Missing,
    #[error("it is not a folder")]
    NotAFolder,
    #[error("it cannot be looked at")]
    Unreachable(#[source] io::Error),
}

/// Where the journal's key comes from.
#[derive(Debug)]
pub enum JournalSecret {
    /// The enclave's identity.
    Enclave(JournalKey),
    /// A file beside the journal: without a TEE, or for an identity that lives as long as
    /// the process.
    File,
}

/// Looks at the state folder before anything is written to it.
pub fn check_state(state: &State) -> Result<(), BootError> {
    check_folder(&state.folder).map_err(|source| BootError::Folder {
        path: state.folder.clone(),
        source,
    })
}

/// Opens the node's memory; begins a new one only where there was none.
pub fn recall(state: &State, secret: JournalSecret) -> Result<Memory, BootError> {
    check_state(state)?;
    let journal = state.journal();
    let key = match secret {
        JournalSecret::Enclave(key) => key,
        JournalSecret::File => {
            take_key(&state.journal_key, &journal).map_err(|source| BootError::Key {
                path: state.journal_key.clone(),
                source,
            })?
        }
    };
    damage::told(&journal, || Memory::recall(&journal, &key)).map_err(|source| BootError::Journal {
        path: journal,
        source,
    })
}

fn check_folder(path: &Path) -> Result<(), FolderError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(FolderError::NotAFolder),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(FolderError::Missing),
        Err(error) => Err(FolderError::Unreachable(error)),
    }
}

/// A journal without its key is never begun anew: it may hold paid work.
fn take_key(key: &Path, journal: &Path) -> Result<JournalKey, KeyError> {
    match (key.exists(), journal.exists()) {
        (true, _) => JournalKey::read(key),
        (false, true) => Err(KeyError::Missing),
        (false, false) => JournalKey::create(key),
    }
}
