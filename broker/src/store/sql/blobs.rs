//! Room for blobs, by who brought them.

use super::row::{amount, field, number};
use crate::store::{Reservation, Reserved, StoreError};
use proto::{Address, Root, Seconds};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, query};

pub(super) async fn reserve(
    conn: &mut AnyConnection,
    blob: &Reservation,
) -> Result<Reserved, StoreError> {
    let known = query("SELECT size_bytes FROM blobs WHERE root = $1")
        .bind(blob.root.0.to_vec())
        .fetch_optional(&mut *conn)
        .await?;
    if let Some(row) = known {
        let same = number(&row, "size_bytes")? == blob.size_bytes;
        return Ok(if same {
            Reserved::Done
        } else {
            Reserved::OtherSize
        });
    }
    let done = query(
        "INSERT INTO blobs (root, customer, size_bytes, since) SELECT $1, $2, $3, $4 \
         WHERE (SELECT COALESCE(CAST(SUM(size_bytes) AS BIGINT), 0) FROM blobs WHERE customer = $2) + $3 <= $5 \
         ON CONFLICT (root) DO NOTHING",
    )
    .bind(blob.root.0.to_vec())
    .bind(blob.customer.to_vec())
    .bind(amount(blob.size_bytes))
    .bind(amount(blob.at))
    .bind(amount(blob.customer_bytes_max))
    .execute(conn)
    .await?;
    Ok(if done.rows_affected() == 0 {
        Reserved::OverQuota
    } else {
        Reserved::Done
    })
}

pub(super) async fn give_up(conn: &mut AnyConnection, root: Root) -> Result<(), StoreError> {
    query("DELETE FROM blobs WHERE root = $1")
        .bind(root.0.to_vec())
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn find(pool: &AnyPool, root: Root) -> Result<Option<Reservation>, StoreError> {
    let row = query("SELECT root, customer, size_bytes, since FROM blobs WHERE root = $1")
        .bind(root.0.to_vec())
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(reservation).transpose()
}

pub(super) async fn before(
    pool: &AnyPool,
    then: Seconds,
    most: u32,
) -> Result<Vec<Reservation>, StoreError> {
    let rows = query(
        "SELECT root, customer, size_bytes, since FROM blobs WHERE since < $1 ORDER BY since LIMIT $2",
    )
    .bind(amount(then))
    .bind(i64::from(most))
    .fetch_all(pool)
    .await?;
    rows.iter().map(reservation).collect()
}

fn reservation(row: &AnyRow) -> Result<Reservation, StoreError> {
    let root: Vec<u8> = field(row, "root")?;
    let customer: Vec<u8> = field(row, "customer")?;
    let root: [u8; 32] = root
        .try_into()
        .map_err(|_length| StoreError::Unreadable("root"))?;
    let customer: [u8; 20] = customer
        .try_into()
        .map_err(|_length| StoreError::Unreadable("customer"))?;
    Ok(Reservation {
        root: Root(root),
        customer: Address::from(customer),
        size_bytes: number(row, "size_bytes")?,
        at: number(row, "since")?,
        customer_bytes_max: u64::MAX,
    })
}
