//! What a package promises: one form, readable by others, harmless to unpack.

use super::header::blocks;
use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

type Files = BTreeMap<String, Vec<u8>>;

fn write(dir: &Path, files: &Files) {
    for (name, content) in files {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, content).expect("written");
    }
}

fn pack(dir: &Path) -> Vec<u8> {
    let packing = Packing::of(dir, Links::Refuse).expect("packable");
    let mut bytes = Vec::new();
    packing.reader().read_to_end(&mut bytes).expect("read");
    assert_eq!(
        u64::try_from(bytes.len()).expect("small"),
        packing.bytes_len()
    );
    bytes
}

fn packed(files: &Files) -> Vec<u8> {
    let dir = TempDir::new().expect("a folder");
    write(dir.path(), files);
    pack(dir.path())
}

fn read(bytes: &[u8]) -> Result<Files, UnpackError> {
    let mut files = Files::new();
    read_package(bytes, Limits::default(), |entry, content| {
        let mut data = Vec::new();
        content.read_to_end(&mut data).map_err(UnpackError::Read)?;
        files.insert(entry.name.clone(), data);
        Ok(())
    })?;
    Ok(files)
}

fn model() -> Files {
    let long = format!(
        "{}/{}/weights.safetensors",
        "d".repeat(120),
        "e".repeat(120)
    );
    let split = format!("{}/{}", "f".repeat(90), "g".repeat(60));
    [
        ("config.json", 20),
        ("model.safetensors", 5000),
        ("tokenizer/vocab.json", 512),
        (&long, 700),
        (&split, 1),
        ("empty", 0),
    ]
    .into_iter()
    .map(|(name, size)| (name.to_owned(), name.bytes().cycle().take(size).collect()))
    .collect()
}

#[test]
fn a_folder_comes_back_as_it_was() {
    let dir = TempDir::new().expect("a folder");
    let package = packed(&model());

    let entries = unpack(
        package.as_slice(),
        &dir.path().join("model"),
        Limits::default(),
    )
    .expect("unpacked");

    assert_eq!(entries.len(), model().len());
    assert_eq!(pack(&dir.path().join("model")), package);
    assert_eq!(read(&package).expect("read"), model());
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1);
}

#[test]
fn any_tar_opens_a_package() {
    let dir = TempDir::new().expect("a folder");
    let package = dir.path().join("package.tar");
    fs::write(&package, packed(&model())).expect("written");
    let to = dir.path().join("out");
    fs::create_dir(&to).expect("made");

    let ran = Command::new("tar")
        .arg("-xf")
        .arg(&package)
        .arg("-C")
        .arg(&to)
        .output();
    let Ok(ran) = ran else {
        println!("LEFT OUT: no tar on this machine");
        return;
    };

    assert!(
        ran.status.success() && ran.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    for (name, content) in model() {
        assert_eq!(fs::read(to.join(&name)).expect("there"), content, "{name}");
    }
}

#[test]
fn a_link_is_refused_unless_it_is_to_be_followed() {
    let dir = TempDir::new().expect("a folder");
    write(dir.path(), &Files::from([("blobs/a".into(), vec![1; 9])]));
    std::os::unix::fs::symlink("blobs/a", dir.path().join("link")).expect("linked");

    assert!(matches!(
        Packing::of(dir.path(), Links::Refuse),
        Err(PackError::Kind(_))
    ));
    let followed = Packing::of(dir.path(), Links::FollowToFiles).expect("packable");
    assert_eq!(
        followed
            .entries()
            .map(|entry| entry.size)
            .collect::<Vec<_>>(),
        [9, 9]
    );
}

#[test]
fn a_file_that_changes_while_it_is_packed_is_noticed() {
    let dir = TempDir::new().expect("a folder");
    write(dir.path(), &Files::from([("a".into(), vec![1; 9])]));
    let packing = Packing::of(dir.path(), Links::Refuse).expect("packable");

    fs::write(dir.path().join("a"), [1; 8]).expect("changed");

    assert!(packing.reader().read_to_end(&mut Vec::new()).is_err());
}

#[test]
fn an_empty_folder_is_no_package() {
    let dir = TempDir::new().expect("a folder");

    assert!(matches!(
        Packing::of(dir.path(), Links::Refuse),
        Err(PackError::Empty(_))
    ));
}

/// A package of these entries, whether or not they may be in one.
fn forged(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in entries {
        bytes.extend(blocks(name, u64::try_from(content.len()).expect("small")));
        bytes.extend(*content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

#[test]
fn names_that_leave_the_folder_are_refused() {
    for name in [
        "../a", "/a", "a/../b", "a//b", "./a", "a/", "", "c:\\a", "a\nb",
    ] {
        assert!(
            matches!(
                read(&forged(&[(name, b"x")])),
                Err(UnpackError::Name(0) | UnpackError::Form(0))
            ),
            "{name:?}"
        );
    }
}

#[test]
fn order_and_uniqueness_are_part_of_the_form() {
    assert!(matches!(
        read(&forged(&[("b", b""), ("a", b"")])),
        Err(UnpackError::Order(1))
    ));
    assert!(matches!(
        read(&forged(&[("a", b""), ("a", b"")])),
        Err(UnpackError::Order(1))
    ));
    assert!(matches!(
        read(&forged(&[("a", b""), ("a-b", b""), ("a/b", b"")])),
        Err(UnpackError::BelowFile(2))
    ));
}

#[test]
fn links_devices_and_other_modes_are_not_in_the_form() {
    for (at, byte) in [
        (156, b'2'),
        (156, b'1'),
        (156, b'5'),
        (106, b'5'),
        (146, b'1'),
        (157, b'x'),
        (265, b'r'),
    ] {
        let mut bytes = forged(&[("a", b"x")]);
        bytes[at] = byte;
        let others: u32 = (0..512)
            .filter(|at| !(148..156).contains(at))
            .map(|at| u32::from(bytes[at]))
            .sum();
        bytes[148..156].copy_from_slice(format!("{:06o}\0 ", others + 256).as_bytes());

        assert!(matches!(read(&bytes), Err(UnpackError::Form(0))), "{at}");
    }
}

#[test]
fn limits_hold() {
    let bytes = forged(&[("a", &[1; 100]), ("b", &[1; 100])]);
    let few = Limits {
        entries: 1,
        ..Limits::default()
    };
    let small = Limits {
        bytes: 199,
        ..Limits::default()
    };

    assert!(matches!(
        read_package(bytes.as_slice(), few, |_, _| Ok(())),
        Err(UnpackError::TooMany(1))
    ));
    assert!(matches!(
        read_package(bytes.as_slice(), small, |_, _| Ok(())),
        Err(UnpackError::TooLarge(199))
    ));
    let huge = blocks("a", u64::MAX);
    assert!(matches!(read(&huge), Err(UnpackError::TooLarge(_))));
}

#[test]
fn what_fails_leaves_nothing_behind() {
    let dir = TempDir::new().expect("a folder");
    let mut bytes = packed(&model());
    bytes.truncate(bytes.len() - 1500);

    let failed = unpack(
        bytes.as_slice(),
        &dir.path().join("model"),
        Limits::default(),
    );

    assert!(failed.is_err());
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 0);
}

#[test]
fn a_cut_package_and_a_trailing_byte_are_noticed() {
    let bytes = packed(&model());
    for end in [0, 100, 511, 512, 1000, bytes.len() - 1, bytes.len() - 512] {
        assert!(
            matches!(read(&bytes[..end]), Err(UnpackError::Cut)),
            "{end}"
        );
    }
    assert!(matches!(
        read(&[bytes, vec![0]].concat()),
        Err(UnpackError::Trailing)
    ));
}

#[test]
fn more_than_eight_gibibytes_are_said_in_a_record() {
    let header = blocks("model.gguf", 9 << 30);

    assert_eq!(header.len(), 3 * 512);
    assert!(
        header
            .windows(16)
            .any(|window| window == b"size=9663676416\n")
    );
}

proptest! {
    #[test]
    fn any_folder_has_one_form(files in prop::collection::btree_map("[a-c]{1,3}(/[a-zA-Z0-9 ._-]{1,60}[a-z]){0,4}", prop::collection::vec(any::<u8>(), 0..900), 1..8)) {
        let clash = files.keys().any(|name| super::name::parents(name).any(|parent| files.contains_key(parent)));
        prop_assume!(!clash);

        let package = packed(&files);

        prop_assert_eq!(read(&package).expect("read"), files);
    }

    #[test]
    fn a_changed_byte_in_a_header_is_refused(at in 0usize..512, with: u8) {
        let mut bytes = forged(&[("a", b"x")]);
        prop_assume!(bytes[at] != with);
        bytes[at] = with;

        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn noise_is_refused_and_never_panics(noise in prop::collection::vec(any::<u8>(), 0..4000)) {
        prop_assert!(read(&noise).is_err());
    }
}
