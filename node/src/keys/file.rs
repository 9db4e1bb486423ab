//! The enclave's secret at rest, sealed under a key that only this machine derives.
//!
//! ```text
//!   0    8  "sealtkey"
//!   8    1  version, 1
//!   9   12  nonce, random
//!   21  48  the secret under AES-256-GCM, authenticated with the nine bytes before the nonce
//! ```

use attestation::device::DerivedKey;
use attestation::sealing::EnclaveSecret;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const HEAD: &[u8; 9] = b"sealtkey\x01";
const BYTES: usize = HEAD.len() + NONCE_LEN + SECRET_BYTES + TAG_BYTES;
const SECRET_BYTES: usize = 32;
const TAG_BYTES: usize = 16;

pub(super) type Secret = Zeroizing<[u8; SECRET_BYTES]>;

/// Why the sealed secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SealedFileError {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: io::Error },
    #[error("{0} is no sealed key of a version this program knows")]
    Format(PathBuf),
    /// Another image, another chip, another firmware, or somebody changed the file.
    #[error(
        "{0} was sealed by another image or machine, or was changed; what was promised under it cannot be finished here. Move it away to begin a new identity"
    )]
    Sealed(PathBuf),
    #[error("the system's random generator failed")]
    Random,
}

/// Opens the file; nothing, where there is none.
pub(super) fn read(path: &Path, machine: DerivedKey) -> Result<Option<Secret>, SealedFileError> {
    let Some(bytes) = contents(path)? else {
        return Ok(None);
    };
    let format = || SealedFileError::Format(path.into());
    let bytes: [u8; BYTES] = bytes.try_into().map_err(|_length| format())?;
    let (head, rest) = bytes.split_at(HEAD.len());
    let (nonce, sealed) = rest.split_at(NONCE_LEN);
    if head != HEAD {
        return Err(format());
    }
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_length| format())?;
    open(machine, nonce, sealed)
        .map(Some)
        .ok_or_else(|| SealedFileError::Sealed(path.into()))
}

/// Writes a new file, whole or not at all; never over another.
pub(super) fn create(
    path: &Path,
    machine: DerivedKey,
    secret: &Secret,
) -> Result<(), SealedFileError> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new()
        .fill(&mut nonce)
        .map_err(|_unspecified| SealedFileError::Random)?;
    let mut sealed = Zeroizing::new(secret.to_vec());
    sealing_key(machine)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(HEAD),
            &mut *sealed,
        )
        .map_err(|_unspecified| SealedFileError::Random)?;
    let bytes = [HEAD.as_slice(), &nonce, &sealed].concat();
    place(path, &bytes).map_err(|source| SealedFileError::Write {
        path: path.into(),
        source,
    })
}

fn contents(path: &Path) -> Result<Option<Vec<u8>>, SealedFileError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| {
        let bound = u64::try_from(BYTES).unwrap_or(u64::MAX);
        file.take(bound.saturating_add(1)).read_to_end(&mut bytes)
    });
    match read {
        Ok(_length) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SealedFileError::Read {
            path: path.into(),
            source,
        }),
    }
}

fn open(machine: DerivedKey, nonce: Nonce, sealed: &[u8]) -> Option<Secret> {
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let plain = sealing_key(machine)
        .open_in_place(nonce, Aad::from(HEAD), &mut bytes)
        .ok()?;
    let plain: &[u8; SECRET_BYTES] = (&*plain).try_into().ok()?;
    Some(Zeroizing::new(*plain))
}

fn sealing_key(mut machine: DerivedKey) -> LessSafeKey {
    let key = EnclaveSecret::take(&mut machine.0).derive("identity file");
    let key = UnboundKey::new(&AES_256_GCM, &*key).expect("a key of AES-256 has 32 bytes");
    LessSafeKey::new(key)
}

/// A link does not replace a file that is there, so two first boots cannot both win.
fn place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::hard_link(&draft, path)?;
    std::fs::remove_file(&draft)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(byte: u8) -> DerivedKey {
        DerivedKey(Zeroizing::new([byte; 32]))
    }

    fn sealed() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.key");
        create(&path, machine(1), &Zeroizing::new([7; 32])).unwrap();
        (folder, path)
    }

    #[test]
    fn the_machine_that_sealed_it_opens_it() {
        let (_folder, path) = sealed();

        let secret = read(&path, machine(1)).unwrap().unwrap();

        assert_eq!(*secret, [7; 32]);
    }

    #[test]
    fn another_machine_does_not() {
        let (_folder, path) = sealed();

        let opened = read(&path, machine(2));

        assert!(matches!(opened, Err(SealedFileError::Sealed(_))));
    }

    #[test]
    fn no_changed_bit_and_no_cut_is_taken() {
        let (_folder, path) = sealed();
        let good = std::fs::read(&path).unwrap();

        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert!(read(&path, machine(1)).is_err(), "byte {at}");
            std::fs::write(&path, &good[..at]).unwrap();
            assert!(read(&path, machine(1)).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_secret_is_not_in_the_file() {
        let (_folder, path) = sealed();

        let bytes = std::fs::read(&path).unwrap();

        assert!(!bytes.windows(8).any(|window| window == [7; 8]));
    }

    #[test]
    fn a_file_that_is_there_is_never_written_over() {
        let (_folder, path) = sealed();

        let again = create(&path, machine(1), &Zeroizing::new([8; 32]));

        assert!(matches!(again, Err(SealedFileError::Write { .. })));
        assert_eq!(*read(&path, machine(1)).unwrap().unwrap(), [7; 32]);
    }
}
