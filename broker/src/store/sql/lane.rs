//! Writes in groups: what waits is committed together, and answered when it is durable.
//!
//! A sync of the disk costs the same for one write and for sixty. A write that fails undoes its
//! group, and each is then tried alone: nobody pays for a neighbour's mistake.

use super::{Dialect, blobs, jobs, nodes, notices};
use crate::job::Job;
use crate::store::{
    Beat, Change, Changed, Claim, Enrolment, Kept, Noted, Reservation, Reserved, StoreError,
    Submitted,
};
use proto::broker::Judgement;
use proto::{Address, Fence, Root, TaskId};
use sqlx::{AnyConnection, AnyPool};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Writes that wait for a lane; more must wait for room.
const WAITING_MAX: usize = 1_024;
/// Writes of one transaction.
const GROUP_MAX: usize = 64;

pub(super) enum Write {
    Submit(Box<Job>, u32),
    Claim(Claim),
    Change(Box<Change>),
    Enrol(Box<Enrolment>),
    Beat(Box<Beat>),
    Rejudge(Address, Fence, Box<Judgement>),
    Quarantine(Address, String),
    Reserve(Reservation),
    GiveUp(Root),
}

pub(super) enum Done {
    Submitted(Submitted),
    Claimed(Vec<Kept>),
    Changed(Changed),
    Enrolled(Fence),
    Noted(Noted),
    Reserved(Reserved),
    Nothing(()),
}

struct Ask {
    write: Write,
    answer: oneshot::Sender<Result<Done, StoreError>>,
}

/// Where writes are asked for. What concerns one task or node always takes the same lane.
#[derive(Clone, Debug)]
pub(super) struct Lanes(Arc<[mpsc::Sender<Ask>]>);

/// The other end: the one place that writes. Runs until every [`Lanes`] is gone.
#[derive(Debug)]
#[must_use = "nothing is written until this runs"]
pub struct Work {
    pool: AnyPool,
    dialect: Dialect,
    lanes: Vec<mpsc::Receiver<Ask>>,
}

pub(super) fn lanes(pool: AnyPool, dialect: Dialect, count: usize) -> (Lanes, Work) {
    let (senders, lanes): (Vec<_>, Vec<_>) = (0..count).map(|_| mpsc::channel(WAITING_MAX)).unzip();
    let work = Work {
        pool,
        dialect,
        lanes,
    };
    (Lanes(senders.into()), work)
}

impl Lanes {
    pub(super) async fn ask(&self, write: Write) -> Result<Done, StoreError> {
        let (answer, answered) = oneshot::channel();
        let index = usize::from(write.key()) % self.0.len().max(1);
        let lane = self.0.get(index).ok_or(StoreError::Closing)?;
        let ask = Ask { write, answer };
        lane.send(ask).await.map_err(|_gone| StoreError::Closing)?;
        answered.await.map_err(|_gone| StoreError::Closing)?
    }
}

impl Work {
    pub async fn run(self) {
        let (pool, dialect) = (&self.pool, self.dialect);
        let lanes = self
            .lanes
            .into_iter()
            .map(|lane| serve(pool, dialect, lane));
        futures_util::future::join_all(lanes).await;
    }
}

async fn serve(pool: &AnyPool, dialect: Dialect, mut asks: mpsc::Receiver<Ask>) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    while asks.recv_many(&mut group, GROUP_MAX).await > 0 {
        let writes: Vec<_> = group.iter().map(|ask| &ask.write).collect();
        match together(pool, dialect, &writes).await {
            Ok(answers) => group
                .drain(..)
                .zip(answers)
                .for_each(|(ask, done)| ask.reply(Ok(done))),
            Err(_of_one) => alone(pool, dialect, group.drain(..)).await,
        }
    }
}

async fn alone(pool: &AnyPool, dialect: Dialect, group: impl Iterator<Item = Ask>) {
    for ask in group {
        let done = together(pool, dialect, &[&ask.write]).await;
        ask.reply(done.and_then(|mut done| done.pop().ok_or(StoreError::Closing)));
    }
}

/// All of them durably, or none.
async fn together(
    pool: &AnyPool,
    dialect: Dialect,
    writes: &[&Write],
) -> Result<Vec<Done>, StoreError> {
    let mut transaction = pool.begin_with(dialect.begin()).await?;
    let mut answers = Vec::with_capacity(writes.len());
    for write in writes {
        answers.push(write.apply(&mut transaction, dialect).await?);
    }
    let changed = writes.iter().filter_map(|write| write.changed());
    notices::tell(&mut transaction, dialect, changed).await?;
    transaction.commit().await?;
    Ok(answers)
}

impl Write {
    async fn apply(&self, conn: &mut AnyConnection, dialect: Dialect) -> Result<Done, StoreError> {
        Ok(match self {
            Self::Submit(job, open_max) => {
                Done::Submitted(jobs::submit(conn, job, *open_max).await?)
            }
            Self::Claim(claim) => Done::Claimed(jobs::claim(conn, dialect, *claim).await?),
            Self::Change(change) => Done::Changed(jobs::change(conn, dialect, change).await?),
            Self::Enrol(node) => Done::Enrolled(nodes::enrol(conn, node).await?),
            Self::Beat(beat) => Done::Noted(nodes::beat(conn, beat).await?),
            Self::Rejudge(provider, fence, judgement) => {
                Done::Noted(nodes::rejudge(conn, *provider, *fence, judgement).await?)
            }
            Self::Quarantine(provider, cause) => {
                Done::Nothing(nodes::quarantine(conn, *provider, cause).await?)
            }
            Self::Reserve(blob) => Done::Reserved(blobs::reserve(conn, blob).await?),
            Self::GiveUp(root) => Done::Nothing(blobs::give_up(conn, *root).await?),
        })
    }

    fn key(&self) -> u8 {
        match self {
            Self::Submit(job, _) => job.task.0[0],
            Self::Change(change) => change.job.task.0[0],
            Self::Claim(_) => 0,
            Self::Enrol(node) => node.offer.provider.0[0],
            Self::Beat(beat) => beat.provider.0[0],
            Self::Rejudge(provider, ..) | Self::Quarantine(provider, _) => provider.0[0],
            Self::Reserve(blob) => blob.customer.0[0],
            Self::GiveUp(root) => root.0[0],
        }
    }

    /// The task that others may be waiting for.
    fn changed(&self) -> Option<TaskId> {
        match self {
            Self::Change(change) => Some(change.job.task),
            Self::Submit(..)
            | Self::Claim(_)
            | Self::Enrol(_)
            | Self::Beat(_)
            | Self::Rejudge(..)
            | Self::Quarantine(..)
            | Self::Reserve(_)
            | Self::GiveUp(_) => None,
        }
    }
}

impl Ask {
    /// Who asked may have gone; what is written stays written.
    fn reply(self, done: Result<Done, StoreError>) {
        drop(self.answer.send(done));
    }
}
