//! What the vault promises, and what a host can do to it.

use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

struct Desk {
    folder: tempfile::TempDir,
    vault: Vault,
}

fn vault(folder: &Path, secret: u8) -> Vault {
    Vault::open(folder, &VaultKey::take(&mut [secret; 32])).unwrap()
}

fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(folder.path(), 7);
    Desk { folder, vault }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn taken(vault: &Vault, kind: Kind, of: &str) -> Result<Vec<u8>, VaultError> {
    let mut plain = Vec::new();
    vault.get(kind, &name(of), &mut plain).map(|_count| plain)
}

impl Desk {
    fn put(&self, kind: Kind, of: &str, plain: &[u8]) {
        self.vault.put(kind, &name(of), plain).unwrap();
    }

    fn path(&self, kind: Kind, of: &str) -> PathBuf {
        self.folder.path().join(kind.folder()).join(of)
    }

    fn files(&self, kind: Kind) -> usize {
        fs::read_dir(self.folder.path().join(kind.folder()))
            .unwrap()
            .count()
    }
}

#[test]
fn what_was_put_is_there_after_a_restart() {
    let desk = desk();
    desk.put(Kind::Checkpoint, "a.1", b"state");

    let again = vault(desk.folder.path(), 7);

    assert_eq!(taken(&again, Kind::Checkpoint, "a.1").unwrap(), b"state");
    assert_eq!(again.list(Kind::Checkpoint).unwrap(), [name("a.1")]);
}

#[test]
fn nothing_of_the_plaintext_lies_on_the_disk() {
    let desk = desk();
    let plain = b"the customer's secret line ".repeat(10_000);

    desk.put(Kind::Dataset, "data", &plain);

    let sealed = fs::read(desk.path(Kind::Dataset, "data")).unwrap();
    assert!(sealed.len() > plain.len());
    assert!(!sealed.windows(8).any(|window| window == &plain[..8]));
}

#[test]
fn the_folders_and_files_are_the_owners_alone() {
    let desk = desk();
    desk.put(Kind::Record, "r", b"x");

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

    assert_eq!(mode(&desk.path(Kind::Record, "r")), 0o600);
    assert_eq!(mode(&desk.folder.path().join("record")), 0o700);
}

#[test]
fn another_key_opens_nothing() {
    let desk = desk();
    desk.put(Kind::Adapter, "a", b"x");

    let stranger = vault(desk.folder.path(), 8);

    let refused = taken(&stranger, Kind::Adapter, "a");
    assert!(matches!(refused, Err(VaultError::Damaged(_))));
}

#[test]
fn a_file_put_under_another_name_or_kind_does_not_open() {
    let desk = desk();
    desk.put(Kind::Dataset, "a", b"of a");

    fs::copy(desk.path(Kind::Dataset, "a"), desk.path(Kind::Dataset, "b")).unwrap();
    fs::copy(desk.path(Kind::Dataset, "a"), desk.path(Kind::Adapter, "a")).unwrap();

    let damaged = |kind, of| matches!(taken(&desk.vault, kind, of), Err(VaultError::Damaged(_)));
    assert!(damaged(Kind::Dataset, "b"));
    assert!(damaged(Kind::Adapter, "a"));
}

#[test]
fn a_cut_file_does_not_open() {
    let desk = desk();
    desk.put(Kind::Dataset, "a", &[1; 300_000]);
    let path = desk.path(Kind::Dataset, "a");
    let sealed = fs::read(&path).unwrap();

    for len in [0, 40, 200, sealed.len() / 2, sealed.len() - 1] {
        fs::write(&path, &sealed[..len]).unwrap();

        let opened = taken(&desk.vault, Kind::Dataset, "a");
        assert!(
            matches!(opened, Err(VaultError::Damaged(_))),
            "cut at {len}"
        );
    }
}

#[test]
fn a_put_that_fails_leaves_what_was_there() {
    struct Torn(usize);
    impl Read for Torn {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(1).ok_or(io::Error::other("torn"))?;
            Ok(buffer.len())
        }
    }
    let desk = desk();
    desk.put(Kind::Checkpoint, "a", b"old");

    let failed = desk.vault.put(Kind::Checkpoint, &name("a"), Torn(5));

    assert!(matches!(failed, Err(VaultError::Source(_))));
    assert_eq!(taken(&desk.vault, Kind::Checkpoint, "a").unwrap(), b"old");
    assert_eq!(desk.files(Kind::Checkpoint), 1);
}

#[test]
fn a_draft_left_by_a_kill_is_swept_at_the_next_start() {
    let desk = desk();
    fs::write(desk.path(Kind::Checkpoint, ".draft-0"), b"half").unwrap();

    let again = vault(desk.folder.path(), 7);

    assert_eq!(desk.files(Kind::Checkpoint), 0);
    again.put(Kind::Checkpoint, &name("a"), &b"x"[..]).unwrap();
}

#[test]
fn what_is_not_there_is_an_answer_of_its_own() {
    let desk = desk();

    let nothing = taken(&desk.vault, Kind::Record, "a");

    assert!(matches!(nothing, Err(VaultError::NotThere)));
    assert!(!desk.vault.has(Kind::Record, &name("a")));
    desk.vault.remove(Kind::Record, &name("a")).unwrap();
}

#[test]
fn a_name_that_leaves_the_folder_is_no_name() {
    for text in [
        "",
        "..",
        ".hidden",
        "a/b",
        "A",
        "a b",
        "ä",
        &"a".repeat(129),
    ] {
        assert_eq!(text.parse::<Name>(), Err(BadName), "{text:?}");
    }
}
