//! Files at rest, each sealed to the enclave's vault key.
//!
//! The disk belongs to the host: it may read, lose, swap or put back any file. It
//! reads ciphertext. A file under another kind or name does not open, because both
//! are bound into it; a cut or altered one does not open either. What the vault
//! alone cannot see is an *older* file of the same kind and name: whoever keeps
//! something of which the age matters names it by its content, and checks that.

mod error;
mod key;
mod label;
mod room;

pub use error::VaultError;
pub use key::VaultKey;
pub use label::{BadName, Kind, Name};

use attestation::sealing::{OpeningKey, Recipient, open, seal};
use label::label;
use ring::rand::SystemRandom;
use room::Room;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// A folder of sealed files, by kind and name.
pub struct Vault {
    room: Room,
    owner: Recipient,
    key: OpeningKey,
    rng: SystemRandom,
}

impl Vault {
    /// Opens the folder, making it where it is not yet there; what an interrupted
    /// `put` left behind is removed.
    pub fn open(folder: &Path, key: &VaultKey) -> Result<Self, VaultError> {
        Ok(Self {
            room: Room::open(folder)?,
            owner: Recipient::own(key.secret()),
            key: OpeningKey::own(key.secret()),
            rng: SystemRandom::new(),
        })
    }

    /// Seals all of `plain` under this name, in place of what was there, and says
    /// how many bytes that was. The file is there whole, and durable, when this
    /// returns; until then the old one is.
    pub fn put(&self, kind: Kind, name: &Name, plain: impl Read) -> Result<u64, VaultError> {
        let draft = self.room.draft(kind)?;
        let mut out = BufWriter::with_capacity(BUFFER, draft.file());
        let label = label(kind, name);
        let count = seal(&self.owner, &label, plain, &mut out, &self.rng)?;
        out.flush().map_err(VaultError::writing)?;
        drop(out);
        self.room.keep(draft, kind, name)?;
        Ok(count)
    }

    /// Opens what is under this name into `plain`. Whoever gets an error discards
    /// what was written.
    pub fn get(&self, kind: Kind, name: &Name, plain: impl Write) -> Result<u64, VaultError> {
        let sealed = BufReader::with_capacity(BUFFER, self.file(kind, name)?);
        Ok(open(&self.key, &label(kind, name), sealed, plain)?)
    }

    /// Whether something is under this name; that it opens is not looked at.
    pub fn has(&self, kind: Kind, name: &Name) -> bool {
        self.room.path(kind, name).is_file()
    }

    /// The size on disk.
    pub fn sealed_len(&self, kind: Kind, name: &Name) -> Result<u64, VaultError> {
        let found = self.file(kind, name)?.metadata();
        found.map(|found| found.len()).map_err(VaultError::Read)
    }

    /// What is gone already is gone.
    pub fn remove(&self, kind: Kind, name: &Name) -> Result<(), VaultError> {
        self.room.remove(kind, name)
    }

    /// The names of this kind, sorted. What lies there under no name of ours is not
    /// ours.
    pub fn list(&self, kind: Kind) -> Result<Vec<Name>, VaultError> {
        self.room.list(kind)
    }

    fn file(&self, kind: Kind, name: &Name) -> Result<File, VaultError> {
        File::open(self.room.path(kind, name)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => VaultError::NotThere,
            _ => VaultError::Read(error),
        })
    }
}

/// As long as a chunk of a sealed blob.
const BUFFER: usize = 128 << 10;

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("room", &self.room)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
