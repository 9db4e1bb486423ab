//! Orders in their table.

use super::row::{amount, field, message, number, parsed, text};
use super::{Dialect, events, ledger, nodes};
use crate::job::{Job, News};
use crate::store::{Change, Changed, Claim, Kept, StoreError, Submitted, Version};
use proto::task::TaskStatus;
use proto::{Address, Message, SignedPermit, Submission, TaskId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, query};
use std::sync::Arc;

/// Orders looked at when a node comes back; no node holds so many.
const HELD_MAX: i64 = 4_096;

pub(super) async fn submit(
    conn: &mut AnyConnection,
    job: &Job,
    open_max: u32,
) -> Result<Submitted, StoreError> {
    let submission = Submission::clone(&job.submission).encode();
    let done = query(
        "INSERT INTO jobs (task, customer, submission, since, stage, let_down_by, due, claimed_until, version) \
         SELECT $1, $2, $3, $4, $5, $6, $7, 0, 1 \
         WHERE (SELECT COUNT(*) FROM jobs WHERE customer = $2 AND ended = 0) < $8 \
         ON CONFLICT (task) DO NOTHING",
    )
    .bind(job.task.0.to_vec())
    .bind(job.customer().to_vec())
    .bind(submission.to_vec())
    .bind(amount(job.since))
    .bind(text(&job.stage)?)
    .bind(text(&job.let_down_by)?)
    .bind(job.due().map(amount))
    .bind(i64::from(open_max))
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() > 0 {
        return Ok(Submitted::New);
    }
    let known = query("SELECT version FROM jobs WHERE task = $1")
        .bind(job.task.0.to_vec())
        .fetch_optional(conn)
        .await?;
    Ok(known.map_or(Submitted::OverQuota, |_row| Submitted::Known))
}

pub(super) async fn find(pool: &AnyPool, task: TaskId) -> Result<Option<Kept>, StoreError> {
    let row =
        query("SELECT submission, since, stage, let_down_by, version, status, heard, cancel FROM jobs WHERE task = $1")
            .bind(task.0.to_vec())
            .fetch_optional(pool)
            .await?;
    row.as_ref().map(kept).transpose()
}

pub(super) async fn of(
    pool: &AnyPool,
    customer: Address,
    after: TaskId,
    most: u32,
) -> Result<Vec<Kept>, StoreError> {
    let rows = query(
        "SELECT submission, since, stage, let_down_by, version, status, heard, cancel FROM jobs \
         WHERE customer = $1 AND task > $2 ORDER BY task LIMIT $3",
    )
    .bind(customer.to_vec())
    .bind(after.0.to_vec())
    .bind(i64::from(most))
    .fetch_all(pool)
    .await?;
    rows.iter().map(kept).collect()
}

pub(super) async fn claim(
    conn: &mut AnyConnection,
    dialect: Dialect,
    claim: Claim,
) -> Result<Vec<Kept>, StoreError> {
    let rows = query(dialect.claim())
        .bind(amount(claim.until))
        .bind(amount(claim.now))
        .bind(i64::from(claim.count))
        .fetch_all(conn)
        .await?;
    let mut claimed = rows.iter().map(kept).collect::<Result<Vec<_>, _>>()?;
    claimed.sort_by_key(|kept| (kept.job.since, kept.job.task));
    Ok(claimed)
}

/// The job and its entry, if the job is still the version that was seen.
pub(super) async fn change(
    conn: &mut AnyConnection,
    dialect: Dialect,
    change: &Change,
) -> Result<Changed, StoreError> {
    let job = &change.job;
    let next = change.version.0.saturating_add(1);
    let done = query(
        "UPDATE jobs SET stage = $1, let_down_by = $2, due = $3, claimed_until = 0, version = $4, \
           holder = $7, ended = $8, status = $9, heard = $10, cancel = $11 \
         WHERE task = $5 AND version = $6",
    )
    .bind(text(&job.stage)?)
    .bind(text(&job.let_down_by)?)
    .bind(job.due().map(amount))
    .bind(amount(next))
    .bind(job.task.0.to_vec())
    .bind(amount(change.version.0))
    .bind(job.holder().map(|holder| holder.to_vec()))
    .bind(i64::from(job.is_ended()))
    .bind(change.news.status.clone().encode().to_vec())
    .bind(amount(change.news.heard))
    .bind(job.cancel.map(|permit| permit.encode().to_vec()))
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(Changed::Stale);
    }
    events::append(conn, &change.events).await?;
    if let Some(entry) = &change.entry {
        ledger::append(conn, dialect, entry).await?;
        nodes::count(conn, entry).await?;
    }
    Ok(Changed::Done(Version(next)))
}

pub(super) async fn held_by(pool: &AnyPool, provider: Address) -> Result<Vec<Kept>, StoreError> {
    let rows = query(
        "SELECT submission, since, stage, let_down_by, version, status, heard, cancel FROM jobs \
         WHERE holder = $1 ORDER BY since, task LIMIT $2",
    )
    .bind(provider.to_vec())
    .bind(HELD_MAX)
    .fetch_all(pool)
    .await?;
    rows.iter().map(kept).collect()
}

fn kept(row: &AnyRow) -> Result<Kept, StoreError> {
    let unreadable = |_| StoreError::Unreadable("submission");
    let bytes: Vec<u8> = field(row, "submission")?;
    let submission = Submission::decode(bytes.into()).map_err(unreadable)?;
    let job = Job {
        task: submission.order().id(),
        submission: Arc::new(submission),
        since: number(row, "since")?,
        stage: parsed(row, "stage")?,
        let_down_by: parsed(row, "let_down_by")?,
        cancel: message::<SignedPermit>(row, "cancel")?,
    };
    let status = message::<TaskStatus>(row, "status")?;
    let heard = number(row, "heard")?;
    let news = status.map_or_else(|| News::of(&job), |status| News { status, heard });
    Ok(Kept {
        job,
        news,
        version: Version(number(row, "version")?),
    })
}
