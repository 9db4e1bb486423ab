//! What one broker tells the others at the same server: the tasks that it changed.

use super::Dialect;
use crate::store::StoreError;
use proto::TaskId;
use sqlx::postgres::PgListener;
use sqlx::{AnyConnection, query};

const CHANNEL: &str = "sealtune_tasks";
/// A payload of `PostgreSQL` has less than 8,000 bytes; a task is 64 digits and a space.
const TASKS_MAX: usize = 100;

/// Told when the transaction commits, and not if it does not.
pub(super) async fn tell(
    conn: &mut AnyConnection,
    dialect: Dialect,
    tasks: impl Iterator<Item = TaskId>,
) -> Result<(), StoreError> {
    if dialect == Dialect::Sqlite {
        return Ok(());
    }
    let tasks: Vec<_> = tasks.map(|task| hex::encode(task.0)).collect();
    for tasks in tasks.chunks(TASKS_MAX) {
        query("SELECT CAST(pg_notify($1, $2) AS TEXT)")
            .bind(CHANNEL)
            .bind(tasks.join(" "))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// What other brokers change, as they change it.
#[derive(Debug)]
pub struct Notices(PgListener);

impl Notices {
    /// Listens at a server; a file has nobody else to hear of.
    pub async fn listen(address: &str) -> Result<Option<Self>, StoreError> {
        if Dialect::of(address) == Dialect::Sqlite {
            return Ok(None);
        }
        let mut listener = PgListener::connect(address).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Self(listener)))
    }

    /// Nothing, if the connection was lost and is there again: something may have been missed.
    pub async fn next(&mut self) -> Result<Option<Vec<TaskId>>, StoreError> {
        let Some(notice) = self.0.try_recv().await? else {
            return Ok(None);
        };
        let tasks = notice.payload().split(' ').filter_map(|digits| {
            let mut task = [0; 32];
            hex::decode_to_slice(digits, &mut task).ok()?;
            Some(TaskId(task))
        });
        Ok(Some(tasks.collect()))
    }
}
