//! Nodes in their table, and the fences of their sessions.

use super::row::{amount, field, number};
use crate::store::{Beat, Enrolment, Member, Noted, StoreError};
use proto::broker::Judgement;
use proto::node::Offer;
use proto::{Address, Fence, Message, Seconds};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Row, query};

/// The next fence is above what these books gave and above what the node has seen.
pub(super) async fn enrol(conn: &mut AnyConnection, node: &Enrolment) -> Result<Fence, StoreError> {
    let row = query(
        "INSERT INTO nodes (provider, offer, judgement, endpoint, seen, beat, fence) \
         VALUES ($1, $2, $3, $4, $5, 0, $6 + 1) \
         ON CONFLICT (provider) DO UPDATE SET offer = excluded.offer, \
           judgement = excluded.judgement, endpoint = excluded.endpoint, seen = excluded.seen, beat = 0, \
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
        "UPDATE nodes SET seen = $1, beat = $2, offer = $3 \
         WHERE provider = $4 AND fence = $5 AND beat < $2",
    )
    .bind(amount(beat.at))
    .bind(amount(beat.beat))
    .bind(beat.offer.clone().encode().to_vec())
    .bind(beat.provider.to_vec())
    .bind(amount(beat.fence.0))
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
    let rows = query(
        "SELECT offer, judgement, endpoint, fence, seen FROM nodes \
         WHERE seen >= $1 AND provider > $2 ORDER BY provider LIMIT $3",
    )
    .bind(amount(since))
    .bind(after.to_vec())
    .bind(i64::from(most))
    .fetch_all(pool)
    .await?;
    rows.iter().map(member).collect()
}

fn member(row: &AnyRow) -> Result<Member, StoreError> {
    Ok(Member {
        offer: message::<Offer>(row, "offer")?,
        judgement: message::<Judgement>(row, "judgement")?,
        endpoint: row.try_get("endpoint")?,
        fence: Fence(number(row, "fence")?),
        seen: number(row, "seen")?,
    })
}

fn message<M: Message>(row: &AnyRow, name: &'static str) -> Result<M, StoreError> {
    let bytes: Vec<u8> = field(row, name)?;
    M::decode(bytes.into()).map_err(|_malformed| StoreError::Unreadable(name))
}
