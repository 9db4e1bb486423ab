//! The journal against a host that owns the disk.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is a test that fails"
)]

use node::fakes::{Crash, Disk, order};
use node::journal::{Journal, JournalError, JournalKey};
use proto::{Digest, Reason, Root, TaskId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use redb::{Database, ReadableTable, StorageBackend, TableDefinition};
use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use tasks::{Event, Fact, Standing};

const ROWS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("rows");

fn key() -> JournalKey {
    JournalKey::new([7; 32])
}

fn events(count: u64) -> Vec<(TaskId, Event)> {
    (0..count)
        .map(|number| match number % 4 {
            0 => (
                TaskId([1; 32]),
                Event::Offered(Box::new(order(number, 100))),
            ),
            1 => (TaskId([2; 32]), Event::Did(Fact::Promised)),
            2 => (
                TaskId([3; 32]),
                Event::Learned(Standing::Released(Reason::Diverged)),
            ),
            _ => (TaskId([4; 32]), Event::Stumbled { retry_at: number }),
        })
        .collect()
}

fn write(disk: impl StorageBackend, events: &[(TaskId, Event)]) {
    let mut journal = Journal::open_on(disk, &key(), |_, _| ()).unwrap();
    for (task, event) in events {
        journal.append(&[(*task, event)]).unwrap();
    }
}

fn read(disk: impl StorageBackend) -> Result<Vec<(TaskId, Event)>, JournalError> {
    let mut found = Vec::new();
    Journal::open_on(disk, &key(), |task, event| found.push((task, event)))?;
    Ok(found)
}

#[test]
fn the_last_rows_are_read_back_alone_and_in_order() {
    let disk = Disk::default();
    let written = events(9);
    write(disk.handle(), &written);
    let journal = Journal::open_on(disk.handle(), &key(), |_, _| ()).unwrap();

    for count in [0_u64, 1, 4, 9, 100] {
        let rows = journal.last_rows(count).unwrap();
        let first = written
            .len()
            .saturating_sub(usize::try_from(count).unwrap());
        let wanted: Vec<_> = (0..).zip(&written).skip(first).collect();
        assert_eq!(rows.len(), wanted.len());
        for ((row, task, event), (number, (of, what))) in rows.iter().zip(wanted) {
            assert_eq!((*row, task, event), (number, of, what));
        }
    }
}

/// A journal of these many rows, changed by a host who holds the file.
fn tampered(rows: u64, tamper: impl Fn(&mut redb::Table<'_, u64, &[u8]>)) -> JournalError {
    let disk = Disk::default();
    write(disk.handle(), &events(rows));
    let db = Database::builder()
        .create_with_backend(disk.handle())
        .unwrap();
    let txn = db.begin_write().unwrap();
    tamper(&mut txn.open_table(ROWS).unwrap());
    txn.commit().unwrap();
    drop(db);
    read(disk.handle()).unwrap_err()
}

fn bytes(rows: &redb::Table<'_, u64, &[u8]>, row: u64) -> Vec<u8> {
    rows.get(row).unwrap().unwrap().value().to_vec()
}

#[test]
fn it_tells_what_was_written_in_order() {
    let disk = Disk::default();
    write(disk.handle(), &events(20));

    assert_eq!(read(disk.handle()).unwrap(), events(20));
}

#[test]
fn what_was_appended_survives_any_power_cut() {
    for seed in 0..300 {
        let (disk, mut rng) = (Disk::default(), StdRng::seed_from_u64(seed));
        let mut kept = Vec::new();
        for life in 0..4 {
            let mut journal = Journal::open_on(disk.handle(), &key(), |_, _| ()).unwrap();
            for (task, event) in events(rng.random_range(0..6) + life) {
                journal.append(&[(task, &event)]).unwrap();
                kept.push((task, event));
            }
            // The power goes before the journal can close anything in order.
            disk.crash(Crash::PowerCut, &mut rng);
        }

        assert_eq!(read(disk.handle()).unwrap(), kept, "seed {seed}");
    }
}

#[test]
fn events_appended_together_appear_together() {
    let disk = Disk::default();
    let all = events(9);
    let together: Vec<_> = all.iter().map(|(task, event)| (*task, event)).collect();
    let mut journal = Journal::open_on(disk.handle(), &key(), |_, _| ()).unwrap();

    journal.append(&together).unwrap();

    assert_eq!(journal.rows(), 9);
    drop(journal);
    assert_eq!(read(disk.handle()).unwrap(), all);
}

#[test]
fn a_changed_row_is_named() {
    for byte in [0, 1, 12, 13, 50, 62] {
        let error = tampered(6, |rows| {
            let mut row = bytes(rows, 3);
            row[byte] ^= 1;
            rows.insert(3, row.as_slice()).unwrap();
        });

        if byte == 0 {
            assert!(matches!(error, JournalError::Version { .. }), "{error:?}");
        } else {
            assert!(
                matches!(error, JournalError::Changed { row: 3 }),
                "{error:?}"
            );
        }
    }
}

#[test]
fn two_rows_that_changed_places_are_noticed() {
    let error = tampered(6, |rows| {
        let (two, four) = (bytes(rows, 2), bytes(rows, 4));
        rows.insert(2, four.as_slice()).unwrap();
        rows.insert(4, two.as_slice()).unwrap();
    });

    assert!(
        matches!(error, JournalError::Changed { row: 2 }),
        "{error:?}"
    );
}

#[test]
fn a_row_taken_out_is_noticed() {
    let error = tampered(6, |rows| {
        rows.remove(2).unwrap();
    });

    assert!(
        matches!(error, JournalError::Changed { row: 2 }),
        "{error:?}"
    );
}

#[test]
fn a_row_taken_out_with_the_rest_moved_up_is_noticed() {
    let error = tampered(6, |rows| {
        for row in 2..5 {
            let next = bytes(rows, row + 1);
            rows.insert(row, next.as_slice()).unwrap();
        }
        rows.remove(5).unwrap();
    });

    assert!(
        matches!(error, JournalError::Changed { row: 2 }),
        "{error:?}"
    );
}

#[test]
fn a_row_from_another_journal_is_noticed() {
    let other = Disk::default();
    write(other.handle(), &events(6));
    let db = Database::builder()
        .create_with_backend(other.handle())
        .unwrap();
    let txn = db.begin_write().unwrap();
    let foreign = bytes(&txn.open_table(ROWS).unwrap(), 0);

    let error = tampered(6, |rows| {
        rows.insert(0, foreign.as_slice()).unwrap();
    });

    assert!(
        matches!(error, JournalError::Changed { row: 0 }),
        "{error:?}"
    );
}

/// The engine may refuse or, rarely, panic (`damage.rs` tells that); it never answers wrongly.
#[test]
fn flipped_bits_never_change_what_is_told() {
    let disk = Disk::default();
    write(disk.handle(), &events(40));
    let good = disk.image();
    let mut rng = StdRng::seed_from_u64(7);
    let mut refused = 0;

    for case in 0..1_000 {
        let mut bad = good.clone();
        for _flip in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..bad.len());
            bad[at] ^= 1 << rng.random_range(0..8);
        }
        disk.put_back(&bad);
        match catch_unwind(AssertUnwindSafe(|| read(disk.handle()))) {
            Ok(Ok(told)) => assert_eq!(told, events(40), "case {case}"),
            Ok(Err(_)) | Err(_) => refused += 1,
        }
    }

    assert!(
        refused > 100,
        "most flips should have met something that counts"
    );
}

#[test]
fn nothing_of_an_order_is_readable_on_the_disk() {
    let disk = Disk::default();
    write(disk.handle(), &events(1));

    let image = disk.image();

    let customer = order(0, 100).customer;
    assert!(
        !image
            .windows(20)
            .any(|window| window == customer.as_slice())
    );
}

#[test]
fn a_full_disk_is_an_error_and_what_was_written_stays() {
    let disk = Disk::default();
    let mut journal = Journal::open_on(disk.handle(), &key(), |_, _| ()).unwrap();
    disk.fill_at(disk.image().len());
    let mut kept = Vec::new();

    let error = (0..100_000).find_map(|retry_at| {
        let event = Event::Stumbled { retry_at };
        let appended = journal.append(&[(TaskId([1; 32]), &event)]);
        kept.push((TaskId([1; 32]), event));
        appended.err()
    });

    assert!(matches!(error, Some(JournalError::Full(_))), "{error:?}");
    kept.pop();
    drop(journal);
    disk.fill_at(usize::MAX);
    assert_eq!(read(disk.handle()).unwrap(), kept);
}

/// The bytes of a row are a format: a change needs a new version.
#[test]
fn the_encoding_of_events_is_pinned() {
    let all = [
        Event::Did(Fact::Promised),
        Event::Learned(Standing::Released(Reason::Diverged)),
        Event::Stumbled { retry_at: 300 },
        Event::Deferred { until: 1 },
        Event::GivenUp(Reason::DeadlinePassed),
    ];

    let encoded: Vec<_> = all
        .iter()
        .map(|event| postcard::to_allocvec(event).unwrap())
        .collect();

    assert_eq!(
        encoded,
        [
            vec![1, 0],
            vec![2, 5, 0xf4, 3],
            vec![3, 0xac, 2],
            vec![4, 1],
            vec![5, 104]
        ]
    );
}

/// Every kind of event that format 1 knows; a later format gets a list of its own.
fn all_of_format_1() -> Vec<(TaskId, Event)> {
    let (digest, blob) = (Digest([0x11; 32]), Root([0x22; 32]));
    let kinds = [
        Event::Offered(Box::new(order(7, 4_102_444_800))),
        Event::Did(Fact::Promised),
        Event::Learned(Standing::Open),
        Event::Learned(Standing::Accepted),
        Event::Did(Fact::Staged { dataset: digest }),
        Event::Stumbled { retry_at: 300 },
        Event::Did(Fact::Trained { adapter: digest }),
        Event::Did(Fact::Sealed { blob }),
        Event::Learned(Standing::Delivered { blob }),
        Event::Deferred { until: 600 },
        Event::Learned(Standing::Acknowledged { blob }),
        Event::Learned(Standing::Settled),
        Event::GivenUp(Reason::DeadlinePassed),
        Event::Learned(Standing::Released(Reason::TrainerFailed)),
        Event::Learned(Standing::Withdrawn),
    ];
    kinds.map(|event| (TaskId([0x33; 32]), event)).into()
}

fn fixture(format: u8) -> PathBuf {
    let name = format!("tests/journals/format-{format}.txt");
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A disk as text: its length, then each piece of 32 bytes that is not empty, behind its place.
fn told(image: &[u8]) -> String {
    let pieces = image.chunks(32).enumerate();
    let full = pieces.filter(|(_, piece)| piece.iter().any(|&byte| byte != 0));
    let lines = full.map(|(at, piece)| format!("{at} {}\n", hex::encode(piece)));
    format!("{}\n{}", image.len(), lines.collect::<String>())
}

fn image_of(told: &str) -> Vec<u8> {
    let mut lines = told.lines();
    let mut image = vec![0; lines.next().unwrap().parse().unwrap()];
    for line in lines {
        let (at, piece) = line.split_once(' ').unwrap();
        let piece = hex::decode(piece).unwrap();
        let at = at.parse::<usize>().unwrap() * 32;
        image[at..at + piece.len()].copy_from_slice(&piece);
    }
    image
}

#[test]
fn a_disk_that_format_1_wrote_is_read_and_written_on() {
    let disk = Disk::default();
    disk.put_back(&image_of(&fs::read_to_string(fixture(1)).unwrap()));

    let found = read(disk.handle()).unwrap();
    write(disk.handle(), &events(3));

    assert_eq!(found, all_of_format_1());
    let upgraded = read(disk.handle()).unwrap();
    assert_eq!(upgraded.len(), found.len() + 3);
    assert_eq!(upgraded[..found.len()], found);
}

/// Run once when a format begins, and never again: a fixture is what an old version wrote.
#[test]
#[ignore = "writes the fixture of a format where there is none yet"]
fn the_fixture_of_this_format_is_kept() {
    let disk = Disk::default();
    write(disk.handle(), &all_of_format_1());

    fs::create_dir_all(fixture(1).parent().unwrap()).unwrap();
    let mut file = fs::File::create_new(fixture(1)).unwrap();
    file.write_all(told(&disk.image()).as_bytes()).unwrap();
}
