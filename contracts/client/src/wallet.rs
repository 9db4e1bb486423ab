//! The wallet: a key from a file only its owner can read.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_primitives::{Address, B256};
use alloy_signer::SignerSync;
use alloy_signer::k256::elliptic_curve::rand_core::OsRng;
use alloy_signer_local::{LocalSigner, PrivateKeySigner};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longer than any key or keystore.
const FILE_BYTES_MAX: u64 = 16 << 10;
/// Nobody but the owner.
const OTHERS: u32 = 0o077;

/// A secp256k1 key that pays for transactions. It is never shown, and zeroed when dropped.
pub struct Wallet(PrivateKeySigner);

/// What is wrong with a key file. The content is never shown.
#[derive(Debug, thiserror::Error)]
pub enum BadKeyFile {
    #[error("cannot read the key file {}: {why}", path.display())]
    Unreadable {
        path: PathBuf,
        why: std::io::ErrorKind,
    },
    #[error("the key file {} is not a plain file", .0.display())]
    NotAFile(PathBuf),
    #[error("the key file {} can be read by others (mode {mode:o}); chmod 600 it", path.display())]
    Open { path: PathBuf, mode: u32 },
    #[error("the key file {} is too long to hold a key", .0.display())]
    TooLong(PathBuf),
    #[error("the key file {} holds neither 64 hexadecimal digits nor a keystore of version 3", .0.display())]
    NoKey(PathBuf),
    #[error("the keystore {} needs a password file", .0.display())]
    NoPassword(PathBuf),
    #[error("the keystore {} does not open with this password", .0.display())]
    WrongPassword(PathBuf),
    #[error("there is a file {} already; a key is never written over", .0.display())]
    Exists(PathBuf),
    #[error("cannot write the key file {}: {why}", path.display())]
    Unwritable {
        path: PathBuf,
        why: std::io::ErrorKind,
    },
}

impl Wallet {
    /// Opens a file with a raw hexadecimal key, or a keystore (version 3) with the password
    /// that `password` holds.
    pub fn open(path: &Path, password: Option<&Path>) -> Result<Self, BadKeyFile> {
        let text = secret_text(path)?;
        if !is_keystore(&text) {
            return from_hex(&text).ok_or_else(|| BadKeyFile::NoKey(path.into()));
        }
        let password = password.ok_or_else(|| BadKeyFile::NoPassword(path.into()))?;
        from_keystore(path, &text, &secret_text(password)?)
    }

    /// The same with the password itself; a raw key needs none.
    pub fn open_with(path: &Path, password: &str) -> Result<Self, BadKeyFile> {
        let text = secret_text(path)?;
        if is_keystore(&text) {
            return from_keystore(path, &text, password);
        }
        from_hex(&text).ok_or_else(|| BadKeyFile::NoKey(path.into()))
    }

    /// Whether the file opens with a password only.
    pub fn needs_password(path: &Path) -> Result<bool, BadKeyFile> {
        Ok(is_keystore(&secret_text(path)?))
    }

    /// A new key in a new keystore (version 3) that opens with this password.
    pub fn create(path: &Path, password: &str) -> Result<Self, BadKeyFile> {
        let unwritable = |why: std::io::ErrorKind| BadKeyFile::Unwritable {
            path: path.into(),
            why,
        };
        let parent = path.parent().unwrap_or(Path::new("."));
        let room = tempfile::tempdir_in(parent).map_err(|error| unwritable(error.kind()))?;
        let key = Zeroizing::new(PrivateKeySigner::random().to_field_bytes().into());
        let key: &[u8; 32] = &key;
        LocalSigner::encrypt_keystore(room.path(), &mut OsRng, key, password, Some("key"))
            .map_err(|_error| unwritable(std::io::ErrorKind::Other))?;
        let sealed = std::fs::read(room.path().join("key"));
        let sealed = sealed.map_err(|error| unwritable(error.kind()))?;
        write_new(path, &sealed)?;
        PrivateKeySigner::from_slice(key)
            .map(Wallet)
            .map_err(|_range| BadKeyFile::NoKey(path.into()))
    }

    /// A new key in a new file that holds it in the clear, for its owner's eyes only.
    pub fn create_raw(path: &Path) -> Result<Self, BadKeyFile> {
        let signer = PrivateKeySigner::random();
        let digits = Zeroizing::new(alloy_primitives::hex::encode(signer.to_field_bytes()));
        write_new(path, digits.as_bytes())?;
        Ok(Self(signer))
    }

    pub fn address(&self) -> Address {
        self.0.address()
    }

    /// The same key once more, for who signs beside the one that pays.
    #[must_use]
    pub fn again(&self) -> Self {
        Self(self.0.clone())
    }

    /// Lends the secret to whoever derives another one from it.
    pub fn derive<T>(&self, another: impl FnOnce(&[u8; 32]) -> T) -> T {
        let secret = Zeroizing::new(<[u8; 32]>::from(self.0.to_field_bytes()));
        another(&secret)
    }

    /// Signs a digest; for the wallet's own orders and statements.
    pub fn sign(&self, digest: &[u8; 32]) -> Option<proto::Signature> {
        let signature = self.0.sign_hash_sync(&B256::from(*digest)).ok()?;
        let signature = signature.normalized_s();
        proto::Signature::try_from(signature.as_bytes().as_slice()).ok()
    }

    pub(crate) fn seal(&self, transaction: TxEip1559) -> Option<TxEnvelope> {
        let signature = self.0.sign_hash_sync(&transaction.signature_hash()).ok()?;
        Some(transaction.into_signed(signature).into())
    }
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wallet({})", self.address())
    }
}

fn is_keystore(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Whole or not at all, readable by its owner only, and never over another file.
fn write_new(path: &Path, content: &[u8]) -> Result<(), BadKeyFile> {
    let unwritable = |error: &std::io::Error| {
        let (path, why) = (path.into(), error.kind());
        if why == std::io::ErrorKind::AlreadyExists {
            return BadKeyFile::Exists(path);
        }
        BadKeyFile::Unwritable { path, why }
    };
    let parent = path.parent().unwrap_or(Path::new("."));
    // The temporary file is made with mode 0600.
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(parent)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|lost| lost.error)?;
        Ok(())
    };
    write().map_err(|error| unwritable(&error))
}

fn from_hex(text: &str) -> Option<Wallet> {
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let mut key = Zeroizing::new([0; 32]);
    alloy_primitives::hex::decode_to_slice(digits, key.as_mut_slice()).ok()?;
    PrivateKeySigner::from_slice(key.as_slice())
        .ok()
        .map(Wallet)
}

/// What was judged is what is opened, so by way of a file of our own: the library reads files.
fn from_keystore(path: &Path, text: &str, password: &str) -> Result<Wallet, BadKeyFile> {
    let password = password.trim_end_matches(['\r', '\n']);
    let text = customary(text).ok_or_else(|| BadKeyFile::NoKey(path.into()))?;
    let copy = copied(&text).map_err(|error| BadKeyFile::Unreadable {
        path: path.into(),
        why: error.kind(),
    })?;
    LocalSigner::decrypt_keystore(copy.path(), password)
        .map(Wallet)
        .map_err(|_refused| BadKeyFile::WrongPassword(path.into()))
}

/// Early wallets write `Crypto` where later ones write `crypto`.
fn customary(text: &str) -> Option<String> {
    let mut keystore: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    if let Some(early) = keystore.remove("Crypto") {
        keystore.entry("crypto".into()).or_insert(early);
    }
    serde_json::to_string(&keystore).ok()
}

/// Sealed as before, and readable by its owner only.
fn copied(keystore: &str) -> std::io::Result<tempfile::NamedTempFile> {
    let mut copy = tempfile::NamedTempFile::new()?;
    copy.write_all(keystore.as_bytes())?;
    Ok(copy)
}

/// The text of a file that only its owner can read. The open file is judged, not its name.
fn secret_text(path: &Path) -> Result<Zeroizing<String>, BadKeyFile> {
    let unreadable = |error: std::io::Error| BadKeyFile::Unreadable {
        path: path.into(),
        why: error.kind(),
    };
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(BadKeyFile::NotAFile(path.into()));
    }
    let mode = about.mode() & 0o777;
    if mode & OTHERS != 0 {
        let path = path.into();
        return Err(BadKeyFile::Open { path, mode });
    }
    if about.len() > FILE_BYTES_MAX {
        return Err(BadKeyFile::TooLong(path.into()));
    }
    // Room for all of it at once, so that growing leaves no copies behind.
    let mut text = Zeroizing::new(String::with_capacity(17 << 10));
    match file.take(FILE_BYTES_MAX).read_to_string(&mut text) {
        Ok(_length) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(BadKeyFile::NoKey(path.into()))
        }
        Err(error) => Err(unreadable(error)),
    }
}
