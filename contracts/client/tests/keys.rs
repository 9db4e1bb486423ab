//! Key files: only the owner's, raw or keystore, never shown.

#![allow(clippy::unwrap_used, reason = "a test")]

use chain::{BadKeyFile, Wallet};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use tempfile::TempDir;

const KEY: &str = "7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6";
const ADDRESS: &str = "0x90F79bf6EB2c4f870365E785982E1f101E93b906";

/// The same key, as ethers seals it (scrypt, password "testpassword").
const KEYSTORE: &str = r#"{"address":"90f79bf6eb2c4f870365e785982e1f101e93b906","id":"33333333-3333-4333-b333-333333333333","version":3,"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"11111111111111111111111111111111"},"ciphertext":"5e6559193eb8a4fb5b5e8c320b7984bfdf7b2b5f362415a36a06b762371f1115","kdf":"scrypt","kdfparams":{"salt":"2222222222222222222222222222222222222222222222222222222222222222","n":1024,"dklen":32,"p":1,"r":8},"mac":"125dd7b3434f8baa73695480456079d3313d577e2ce8886914874320736d98ea"}}"#;

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }
}

#[test]
fn a_raw_key_opens_with_and_without_its_prefix() {
    let files = Files::new();

    for text in [KEY.to_string(), format!("0x{KEY}\n")] {
        let wallet = Wallet::open(&files.write("key", &text, 0o600), None).unwrap();
        assert_eq!(wallet.address().to_string(), ADDRESS);
    }
}

#[test]
fn a_keystore_of_an_early_wallet_opens_too() {
    let files = Files::new();
    let early = KEYSTORE.replace("\"crypto\"", "\"Crypto\"");
    let keystore = files.write("keystore.json", &early, 0o600);
    let password = files.write("password", "testpassword", 0o600);

    let wallet = Wallet::open(&keystore, Some(&password)).unwrap();

    assert_eq!(wallet.address().to_string(), ADDRESS);
}

#[test]
fn a_keystore_opens_with_its_password_and_no_other() {
    let files = Files::new();
    let keystore = files.write("keystore.json", KEYSTORE, 0o600);
    let right = files.write("right", "testpassword\n", 0o600);
    let wrong = files.write("wrong", "guess", 0o600);

    let wallet = Wallet::open(&keystore, Some(&right)).unwrap();

    assert_eq!(wallet.address().to_string(), ADDRESS);
    let refused = Wallet::open(&keystore, Some(&wrong));
    assert!(
        matches!(refused, Err(BadKeyFile::WrongPassword(_))),
        "{refused:?}"
    );
    let refused = Wallet::open(&keystore, None);
    assert!(
        matches!(refused, Err(BadKeyFile::NoPassword(_))),
        "{refused:?}"
    );
}

#[test]
fn a_file_that_others_can_read_is_refused_with_what_to_do() {
    let files = Files::new();

    for mode in [0o640, 0o604, 0o644, 0o660, 0o610, 0o602] {
        let path = files.write("key", KEY, mode);
        let refused = Wallet::open(&path, None).unwrap_err();
        assert!(matches!(refused, BadKeyFile::Open { .. }));
        let words = refused.to_string();
        assert!(
            words.ends_with(&format!(
                "can be read by others (mode {mode:o}); chmod 600 it"
            )),
            "{words}"
        );
    }
    let keystore = files.write("keystore.json", KEYSTORE, 0o600);
    let password = files.write("password", "testpassword", 0o644);
    let refused = Wallet::open(&keystore, Some(&password));
    assert!(
        matches!(refused, Err(BadKeyFile::Open { .. })),
        "{refused:?}"
    );
}

#[test]
fn what_is_no_key_is_refused_and_never_shown() {
    let files = Files::new();
    let texts = [
        String::new(),
        KEY[1..].to_string(),
        format!("{KEY}00"),
        KEY.replace('7', "g"),
        "0".repeat(64),
        "f".repeat(64),
    ];

    for text in texts {
        let refused = Wallet::open(&files.write("key", &text, 0o600), None).unwrap_err();
        assert!(matches!(refused, BadKeyFile::NoKey(_)));
        let shown = format!("{refused} {refused:?}");
        assert!(text.len() < 8 || !shown.contains(&text[..8]));
        assert!(!shown.contains('\n'));
    }
}

#[test]
fn a_folder_a_missing_file_and_an_endless_one_are_refused() {
    let files = Files::new();

    let folder = Wallet::open(files.0.path(), None);
    std::fs::set_permissions(files.0.path(), Permissions::from_mode(0o700)).unwrap();
    assert!(matches!(folder, Err(BadKeyFile::NotAFile(_))), "{folder:?}");
    let missing = Wallet::open(&files.0.path().join("none"), None);
    assert!(
        matches!(missing, Err(BadKeyFile::Unreadable { .. })),
        "{missing:?}"
    );
    let long = Wallet::open(&files.write("long", &"0".repeat(20_000), 0o600), None);
    assert!(matches!(long, Err(BadKeyFile::TooLong(_))), "{long:?}");
}

#[test]
fn a_wallet_shows_its_address_and_nothing_else() {
    let files = Files::new();
    let wallet = Wallet::open(&files.write("key", KEY, 0o600), None).unwrap();

    let shown = format!("{wallet:?}");

    assert!(shown.contains(ADDRESS) && !shown.to_lowercase().contains(&KEY[..8]));
}
