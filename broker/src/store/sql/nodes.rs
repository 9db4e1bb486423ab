//! Nodes in their table, and the fences of their sessions.

use super::row::{amount, field, message, number};
use crate::ledger::{Entry, Happening};
use crate::store::{Beat, Enrolment, Member, Noted, StoreError};
use proto::broker::Judgement;
use proto::node::Offer;
use proto::{Address, Fence, Message, Seconds};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Row, query};

const MEMBER: &str = "SELECT offer, judgement, endpoint, fence, seen, tasks_open, paid, failed, quarantined \
     FROM nodes WHERE provider = $1";
const MEMBERS: &str = "SELECT offer, judgement, endpoint, fence, seen, tasks_open, paid, failed, quarantined \
     FROM nodes WHERE seen >= $1 AND provider > $2 ORDER BY provider LIMIT $3";

/// The next fence is above what these books gave and above what the node has seen.
pub(super) async fn enrol(conn: &mut AnyConnection, node: &Enrolment) -> Result<Fence, StoreError> {
    let row = query(
        "INSERT INTO nodes (provider, offer, judgement, endpoint, seen, beat, fence) \
         VALUES ($1, $2, $3, $4, $5, 0, $6 + 1) \
         ON CONFLICT (provider) DO UPDATE SET offer = excluded.offer, \
           judgement = excluded.judgement, endpoint = excluded.endpoint, seen = excluded.seen, beat = 0, \
           quarantined = NULL, \
           fence = CASE WHEN nodes.fence >= excluded.fence THEN nodes.fence + 1 ELSE excluded.fence END \
         RETURNING fence",
    )
    .bind(node.offer.provider.to_vec())
    .bind(node.offer.clone().encode().to_vec())
    .bind(node.judgement.clone().encode().to_vec())
    .bind(node.endpoint.clone())
    .bind(amount(node.at))
    .bind(amount(node.fence_seen.0))
    .fetch_one(conn)
    .await?;
    Ok(Fence(number(&row, "fence")?))
}

pub(super) async fn beat(conn: &mut AnyConnection, beat: &Beat) -> Result<Noted, StoreError> {
    let done = query(
        "UPDATE nodes SET seen = $1, beat = $2, offer = $3, tasks_open = $6 \
         WHERE provider = $4 AND fence = $5 AND beat < $2",
    )
    .bind(amount(beat.at))
    .bind(amount(beat.beat))
    .bind(beat.offer.clone().encode().to_vec())
    .bind(beat.provider.to_vec())
    .bind(amount(beat.fence.0))
    .bind(i64::from(beat.tasks_open))
    .execute(conn)
    .await?;
    Ok(if done.rows_affected() == 0 {
        Noted::Stale
    } else {
        Noted::Alive
    })
}

pub(super) async fn since(
    pool: &AnyPool,
    since: Seconds,
    after: Address,
    most: u32,
) -> Result<Vec<Member>, StoreError> {
    let rows = query(MEMBERS)
        .bind(amount(since))
        .bind(after.to_vec())
        .bind(i64::from(most))
        .fetch_all(pool)
        .await?;
    rows.iter().map(member).collect()
}

pub(super) async fn find(pool: &AnyPool, provider: Address) -> Result<Option<Member>, StoreError> {
    let row = query(MEMBER)
        .bind(provider.to_vec())
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(member).transpose()
}

pub(super) async fn quarantine(
    conn: &mut AnyConnection,
    provider: Address,
    cause: &str,
) -> Result<(), StoreError> {
    query("UPDATE nodes SET quarantined = $1 WHERE provider = $2")
        .bind(cause.to_owned())
        .bind(provider.to_vec())
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn rejudge(
    conn: &mut AnyConnection,
    provider: Address,
    fence: Fence,
    judgement: &Judgement,
) -> Result<Noted, StoreError> {
    let done = query("UPDATE nodes SET judgement = $1 WHERE provider = $2 AND fence = $3")
        .bind(judgement.clone().encode().to_vec())
        .bind(provider.to_vec())
        .bind(amount(fence.0))
        .execute(conn)
        .await?;
    Ok(if done.rows_affected() == 0 {
        Noted::Stale
    } else {
        Noted::Alive
    })
}

/// What an entry of the ledger means for its node's record.
pub(super) async fn count(conn: &mut AnyConnection, entry: &Entry) -> Result<(), StoreError> {
    let (provider, sql) = match entry.happened {
        Happening::Paid { to, .. } => (to, "UPDATE nodes SET paid = paid + 1 WHERE provider = $1"),
        Happening::Unpaid { by, .. } | Happening::Returned { by, .. } => (
            by,
            "UPDATE nodes SET failed = failed + 1 WHERE provider = $1",
        ),
        Happening::Assigned { .. } | Happening::Started { .. } | Happening::Withdrawn => {
            return Ok(());
        }
    };
    query(sql).bind(provider.to_vec()).execute(conn).await?;
    Ok(())
}

fn member(row: &AnyRow) -> Result<Member, StoreError> {
    let unreadable = |name| move || StoreError::Unreadable(name);
    let tasks_open = number(row, "tasks_open")?;
    Ok(Member {
        offer: message::<Offer>(row, "offer")?.ok_or_else(unreadable("offer"))?,
        judgement: message::<Judgement>(row, "judgement")?.ok_or_else(unreadable("judgement"))?,
        endpoint: row.try_get("endpoint")?,
        fence: Fence(number(row, "fence")?),
        seen: number(row, "seen")?,
        tasks_open: u32::try_from(tasks_open).unwrap_or(u32::MAX),
        paid: number(row, "paid")?,
        failed: number(row, "failed")?,
        quarantined: field(row, "quarantined")?,
    })
}
