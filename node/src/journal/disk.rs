//! How the journal lies in its file: a table of rows, and the head they hang on.

use super::row::Head;
use super::{JournalError, JournalKey};
use redb::{Database, ReadableDatabase, TableDefinition};

pub(super) const ROWS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("rows");
const HEADS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("heads");
const HEAD: &str = "head";

/// Reads the head, or writes a fresh one into an empty file.
pub(super) fn head(db: &Database, key: &JournalKey) -> Result<Head, JournalError> {
    let txn = db.begin_read()?;
    match txn.open_table(HEADS) {
        Err(redb::TableError::TableDoesNotExist(_)) => begin(db, key),
        heads => {
            let head = heads?.get(HEAD)?.ok_or(JournalError::NoHead)?;
            Head::parse(head.value())
        }
    }
}

/// The head of a journal that has one.
pub(super) fn read_head(db: &Database) -> Result<Head, JournalError> {
    let heads = db.begin_read()?.open_table(HEADS)?;
    let head = heads.get(HEAD)?.ok_or(JournalError::NoHead)?;
    Head::parse(head.value())
}

/// The head and the empty table of rows appear in one transaction, or not at all.
fn begin(db: &Database, key: &JournalKey) -> Result<Head, JournalError> {
    let head = Head::fresh(key)?;
    let txn = db.begin_write()?;
    txn.open_table(HEADS)?
        .insert(HEAD, head.to_bytes().as_slice())?;
    txn.open_table(ROWS)?;
    txn.commit()?;
    Ok(head)
}
