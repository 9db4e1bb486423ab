//! The journal on disk: one row per event, encrypted, each bound to the one before.
//!
//! redb makes an append atomic and durable: after a power cut the last rows that
//! were never acknowledged may be missing, a torn one never appears. The rows
//! themselves are sealed under a key that only the enclave has, and every row
//! authenticates the one before it. So the host can read nothing, and can change,
//! reorder or drop nothing in the middle; what it still can do is put an older
//! disk back, and for that the node asks the chain when it starts.

mod disk;
mod error;
mod key;
mod row;

pub use error::JournalError;
pub use key::{JournalKey, KeyError};

use disk::ROWS;
use proto::TaskId;
use redb::{Builder, Database, ReadableDatabase, ReadableTable, StorageBackend};
use row::Chain;
use std::path::Path;
use tasks::Event;

/// Rows are read once, at the start: a small cache is enough.
const CACHE_BYTES: usize = 8 << 20;

/// The node's memory: every event of every task, in order.
#[derive(Debug)]
pub struct Journal {
    db: Database,
    chain: Chain,
    /// The number of the next row.
    next: u64,
}

impl Journal {
    /// Opens the journal at `path`, or begins one there, and tells every event to
    /// `visit`, oldest first. Refuses a second opener, and a row that was changed.
    pub fn open(
        path: &Path,
        key: &JournalKey,
        visit: impl FnMut(TaskId, Event),
    ) -> Result<Self, JournalError> {
        Self::read(builder().create(path)?, key, visit)
    }

    /// The same, on any kind of disk.
    pub fn open_on(
        disk: impl StorageBackend,
        key: &JournalKey,
        visit: impl FnMut(TaskId, Event),
    ) -> Result<Self, JournalError> {
        Self::read(builder().create_with_backend(disk)?, key, visit)
    }

    fn read(
        mut db: Database,
        key: &JournalKey,
        mut visit: impl FnMut(TaskId, Event),
    ) -> Result<Self, JournalError> {
        // Every page against its checksum, and what is free against what is used: rows are
        // authentic by themselves, but a wrong free list would let the next append eat one.
        db.check_integrity()?;
        let mut chain = Chain::after(&disk::head(&db, key)?, key)?;
        let mut next = 0;
        for row in db.begin_read()?.open_table(ROWS)?.iter()? {
            let (index, bytes) = row?;
            if index.value() != next {
                return Err(JournalError::Changed { row: next });
            }
            let (task, event) = chain.open(next, bytes.value())?;
            visit(task, event);
            next += 1;
        }
        Ok(Self { db, chain, next })
    }

    /// Adds events; they are durable when this returns, all of them or none.
    pub fn append(&mut self, events: &[(TaskId, &Event)]) -> Result<(), JournalError> {
        let (mut chain, mut next) = (self.chain.clone(), self.next);
        let txn = self.db.begin_write()?;
        {
            let mut rows = txn.open_table(ROWS)?;
            for &(task, event) in events {
                rows.insert(next, chain.seal(next, task, event)?.as_slice())?;
                next += 1;
            }
        }
        txn.commit()?;
        (self.chain, self.next) = (chain, next);
        Ok(())
    }

    /// The last `count` rows, oldest first, each with its number.
    pub fn last_rows(&self, count: u64) -> Result<Vec<(u64, TaskId, Event)>, JournalError> {
        let first = self.next.saturating_sub(count);
        let table = self.db.begin_read()?.open_table(ROWS)?;
        let mut chain = match first.checked_sub(1).map(|before| table.get(before)) {
            None => self.chain.at_head(&disk::read_head(&self.db)?),
            Some(before) => {
                let before = before?.ok_or(JournalError::Changed { row: first })?;
                self.chain.at_row(first, before.value())?
            }
        };
        let mut rows = Vec::new();
        for row in table.range(first..)? {
            let (index, bytes) = row?;
            let (task, event) = chain.open(index.value(), bytes.value())?;
            rows.push((index.value(), task, event));
        }
        Ok(rows)
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.next
    }
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}
