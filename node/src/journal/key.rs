//! The secret the journal is sealed under.

use super::error::is_full;
use super::row::aead_key;
use ring::aead::LessSafeKey;
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// 32 secret bytes; zeroed when dropped, never shown.
pub struct JournalKey(Zeroizing<[u8; 32]>);

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(
        "there is a journal but no key to it; put the key back, the journal cannot be read without"
    )]
    Missing,
    #[error("cannot read the journal key")]
    Read(#[source] io::Error),
    #[error("cannot write the journal key")]
    Write(#[source] io::Error),
    #[error("the disk is full; the journal key was not made")]
    Full(#[source] io::Error),
    #[error("the journal key must be readable by its owner alone (chmod 600), found mode {mode:o}")]
    Exposed { mode: u32 },
    #[error("the journal key must be exactly 32 bytes")]
    Length,
    #[error("the system's random generator failed")]
    Random,
}

impl KeyError {
    fn writing(source: io::Error) -> Self {
        if is_full(&source) {
            Self::Full(source)
        } else {
            Self::Write(source)
        }
    }
}

impl JournalKey {
    pub fn new(secret: [u8; 32]) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// Reads the key file; refuses one that others can read.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let file = fs::metadata(path).map_err(KeyError::Read)?;
        let mode = file.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { mode });
        }
        let bytes = Zeroizing::new(fs::read(path).map_err(KeyError::Read)?);
        let secret: &[u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_length| KeyError::Length)?;
        Ok(Self::new(*secret))
    }

    /// Makes a new key file; never overwrites one.
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new([0; 32]);
        SystemRandom::new()
            .fill(&mut *secret)
            .map_err(|_unspecified| KeyError::Random)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(KeyError::writing)?;
        file.write_all(&*secret)
            .and_then(|()| file.sync_all())
            .map_err(KeyError::writing)?;
        sync_folder(path).map_err(KeyError::writing)?;
        Ok(Self(secret))
    }

    pub(super) fn derive(&self, salt: &[u8; 32]) -> LessSafeKey {
        let mut key = Zeroizing::new([0; 32]);
        let secret = Salt::new(HKDF_SHA256, salt).extract(&*self.0);
        secret
            .expand(&[b"sealtune journal v1"], Bytes32)
            .and_then(|okm| okm.fill(&mut *key))
            .expect("HKDF-SHA256 gives up to 8160 bytes");
        aead_key(&key)
    }
}

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}

impl std::fmt::Debug for JournalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JournalKey")
    }
}
