//! The ledger in its table: rows are only ever added, under a head that one writer holds at a time.

use super::Dialect;
use super::row::{amount, field, number};
use crate::ledger::{Entry, Link, Links};
use crate::store::StoreError;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, query};

/// Adds an entry to the end, in the transaction that is open.
pub(super) async fn append(
    conn: &mut AnyConnection,
    dialect: Dialect,
    entry: &Entry,
) -> Result<(), StoreError> {
    let mut links = head(&query(dialect.head()).fetch_one(&mut *conn).await?)?;
    let link = links
        .append(entry)
        .map_err(|_json| StoreError::Unreadable("entry"))?;
    query("INSERT INTO ledger (place, hash, entry) VALUES ($1, $2, $3)")
        .bind(amount(links.count))
        .bind(link.hash.to_vec())
        .bind(link.text)
        .execute(&mut *conn)
        .await?;
    query("UPDATE ledger_head SET count = $1, hash = $2")
        .bind(amount(links.count))
        .bind(links.hash.to_vec())
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn after(pool: &AnyPool, after: u64, most: u32) -> Result<Vec<Link>, StoreError> {
    let rows = query("SELECT hash, entry FROM ledger WHERE place > $1 ORDER BY place LIMIT $2")
        .bind(amount(after))
        .bind(i64::from(most))
        .fetch_all(pool)
        .await?;
    rows.iter().map(link).collect()
}

pub(super) async fn links(pool: &AnyPool) -> Result<Links, StoreError> {
    head(
        &query("SELECT count, hash FROM ledger_head")
            .fetch_one(pool)
            .await?,
    )
}

fn link(row: &AnyRow) -> Result<Link, StoreError> {
    Ok(Link {
        hash: hash(row)?,
        text: field(row, "entry")?,
    })
}

fn head(row: &AnyRow) -> Result<Links, StoreError> {
    Ok(Links {
        count: number(row, "count")?,
        hash: hash(row)?,
    })
}

fn hash(row: &AnyRow) -> Result<[u8; 32], StoreError> {
    let bytes: Vec<u8> = field(row, "hash")?;
    bytes
        .try_into()
        .map_err(|_length| StoreError::Unreadable("hash"))
}
