//! What happened to tasks, for who watches them.

use super::row::{amount, message};
use crate::store::StoreError;
use proto::task::TaskEvent;
use proto::{Message, TaskId};
use sqlx::{AnyConnection, AnyPool, query};

/// Events kept of one task. Who looked away for longer goes on with the oldest that is kept.
const KEPT: u64 = 1_024;
/// The oldest are dropped this many at a time.
const DROPPED_AT: u64 = 64;

pub(super) async fn append(
    conn: &mut AnyConnection,
    events: &[TaskEvent],
) -> Result<(), StoreError> {
    for event in events {
        query("INSERT INTO events (task, sequence, event) VALUES ($1, $2, $3)")
            .bind(event.task.0.to_vec())
            .bind(amount(event.sequence))
            .bind(event.clone().encode().to_vec())
            .execute(&mut *conn)
            .await?;
        if event.sequence > KEPT && event.sequence.is_multiple_of(DROPPED_AT) {
            query("DELETE FROM events WHERE task = $1 AND sequence <= $2")
                .bind(event.task.0.to_vec())
                .bind(amount(event.sequence - KEPT))
                .execute(&mut *conn)
                .await?;
        }
    }
    Ok(())
}

pub(super) async fn after(
    pool: &AnyPool,
    task: TaskId,
    after: u64,
    most: u32,
) -> Result<Vec<TaskEvent>, StoreError> {
    let rows = query(
        "SELECT event FROM events WHERE task = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
    )
    .bind(task.0.to_vec())
    .bind(amount(after))
    .bind(i64::from(most))
    .fetch_all(pool)
    .await?;
    let events = rows.iter().map(|row| message::<TaskEvent>(row, "event"));
    events.filter_map(Result::transpose).collect()
}
