//! What a local folder promises beyond what every store does.

#![allow(clippy::disallowed_methods, reason = "a test turns the clock itself")]

use super::*;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

const DAY: Duration = Duration::from_hours(24);

fn folder(quota: Option<u64>) -> (TempDir, LocalFolder) {
    let dir = TempDir::new().expect("a temporary folder");
    let folder = LocalFolder::open(dir.path(), quota).expect("a folder");
    (dir, folder)
}

#[test]
fn what_is_put_is_found_under_its_root() {
    let (_dir, folder) = folder(None);

    let receipt = folder.put_reader([7; 5000].as_slice()).expect("a put");

    let kept = fs::read(folder.path(receipt.content.root)).expect("the file");
    assert_eq!((kept, receipt.already), (vec![7; 5000], false));
    assert_eq!(folder.list().expect("a list"), [receipt.content]);
    assert_eq!(
        folder
            .verify(receipt.content.root)
            .expect("whole")
            .content(),
        receipt.content
    );
}

#[test]
fn a_second_put_of_one_root_writes_nothing() {
    let (_dir, folder) = folder(None);
    folder.put_reader([7; 5000].as_slice()).expect("a put");

    let again = folder.put_reader([7; 5000].as_slice()).expect("a put");

    assert_eq!((again.already, again.moved_bytes), (true, 0));
    assert_eq!(fs::read_dir(folder.tmp()).expect("tmp").count(), 0);
}

#[test]
fn more_than_the_quota_is_refused_and_leaves_nothing() {
    let (_dir, folder) = folder(Some(6000));
    folder
        .put_reader([1; 5000].as_slice())
        .expect("a put within the quota");

    let refused = folder.put_reader([2; 2000].as_slice());

    assert!(
        matches!(refused, Err(StoreError::Quota { quota: 6000, .. })),
        "{refused:?}"
    );
    assert_eq!(folder.used_bytes().expect("measured"), 5000);
    assert_eq!(fs::read_dir(folder.tmp()).expect("tmp").count(), 0);
}

#[test]
fn a_spoilt_file_is_not_what_it_is_called() {
    let (_dir, folder) = folder(None);
    let root = folder
        .put_reader([7; 5000].as_slice())
        .expect("a put")
        .content
        .root;

    fs::write(folder.path(root), [8; 5000]).expect("spoilt");

    assert!(
        matches!(folder.verify(root), Err(StoreError::WrongContent { wanted, .. }) if wanted == root)
    );
}

#[test]
fn a_folder_that_is_gone_does_not_say_that_it_has_nothing() {
    let (dir, folder) = folder(None);
    let root = folder
        .put_reader([7; 5000].as_slice())
        .expect("a put")
        .content
        .root;
    let away = dir.path().with_extension("away");
    fs::rename(dir.path(), &away).expect("a rename");

    let gone = folder.has(root);
    fs::rename(&away, dir.path()).expect("a rename");

    assert!(matches!(gone, Err(StoreError::Disk { .. })), "{gone:?}");
    assert!(folder.has(root).expect("an answer").is_some());
}

#[test]
fn a_lost_outline_is_made_again() {
    let (_dir, folder) = folder(None);
    let root = folder
        .put_reader(vec![7; 600_000].as_slice())
        .expect("a put")
        .content
        .root;
    let before = folder.outline(root).expect("an outline");

    fs::write(folder.outline_path(root), b"nonsense").expect("spoilt");

    assert_eq!(folder.outline(root).expect("made again"), before);
}

#[test]
fn garbage_is_what_nobody_keeps_and_nobody_put_lately() {
    let (_dir, folder) = folder(None);
    let kept = folder
        .put_reader([1; 100].as_slice())
        .expect("a put")
        .content;
    let garbage = folder
        .put_reader([2; 200].as_slice())
        .expect("a put")
        .content;
    folder
        .keep("task-1", &BTreeSet::from([kept.root]))
        .expect("kept");

    let young = folder
        .collect(SystemTime::now(), DAY)
        .expect("nothing to do");
    let later = folder
        .collect(SystemTime::now() + 2 * DAY, DAY)
        .expect("collected");

    assert_eq!(young, Collected::default());
    assert_eq!(
        later,
        Collected {
            removed: vec![garbage],
            freed_bytes: 200
        }
    );
    assert_eq!(folder.list().expect("a list"), [kept]);
}

#[test]
fn what_its_last_owner_releases_becomes_garbage() {
    let (_dir, folder) = folder(None);
    let root = folder
        .put_reader([1; 100].as_slice())
        .expect("a put")
        .content
        .root;
    for owner in ["a", "b"] {
        folder.keep(owner, &BTreeSet::from([root])).expect("kept");
    }
    let later = SystemTime::now() + 2 * DAY;

    folder.keep("a", &BTreeSet::new()).expect("released");
    let one_left = folder.collect(later, DAY).expect("collected");
    folder.keep("b", &BTreeSet::new()).expect("released");
    let none_left = folder.collect(later, DAY).expect("collected");

    assert_eq!((one_left.removed.len(), none_left.removed.len()), (0, 1));
}

#[test]
fn a_put_renews_the_retention() {
    let (_dir, folder) = folder(None);
    let root = folder
        .put_reader([1; 100].as_slice())
        .expect("a put")
        .content
        .root;
    let aged = SystemTime::now() - 3 * DAY;
    let file = File::options()
        .append(true)
        .open(folder.path(root))
        .expect("the file");
    file.set_modified(aged).expect("aged");

    folder.put_reader([1; 100].as_slice()).expect("put again");

    assert_eq!(
        folder.collect(SystemTime::now(), DAY).expect("collected"),
        Collected::default()
    );
}

#[test]
fn a_spoilt_reference_stops_the_collection() {
    let (_dir, folder) = folder(None);
    folder.put_reader([1; 100].as_slice()).expect("a put");
    fs::write(folder.dir().join("keep/someone"), "0x12\n").expect("spoilt");

    assert!(folder.collect(SystemTime::now() + 9 * DAY, DAY).is_err());
    assert_eq!(folder.list().expect("a list").len(), 1);
}

#[test]
fn an_owner_cannot_name_a_path() {
    let (_dir, folder) = folder(None);
    for name in ["", "..", ".hidden", "a/b", "a\0b"] {
        assert!(folder.keep(name, &BTreeSet::new()).is_err(), "{name:?}");
    }
}
