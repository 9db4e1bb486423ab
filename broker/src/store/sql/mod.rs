//! The books in SQL: an embedded file, or a server for several brokers.
//!
//! One text of SQL serves both. What differs is written in `Dialect`: how rows are claimed beside
//! other brokers, and how the file is told to be durable.

mod blobs;
mod events;
mod jobs;
mod lane;
mod ledger;
mod nodes;
mod notices;
mod open;
mod row;

pub use lane::Work;
pub use notices::Notices;
pub use open::Opened;

use super::{
    Beat, Change, Changed, Claim, Enrolment, Kept, Member, Noted, Reservation, Reserved, Store,
    StoreError, Submitted,
};
use crate::job::Job;
use crate::ledger::{Link, Links};
use async_trait::async_trait;
use lane::{Done, Lanes, Write};
use proto::broker::Judgement;
use proto::task::TaskEvent;
use proto::{Address, Fence, Root, Seconds, TaskId};
use sqlx::AnyPool;

/// Books in a database.
#[derive(Clone, Debug)]
pub struct SqlStore {
    reads: AnyPool,
    writes: Lanes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

/// Takes the answer apart that belongs to a question.
macro_rules! done {
    ($self:ident, $write:expr, $kind:ident) => {
        match $self.writes.ask($write).await? {
            Done::$kind(answer) => Ok(answer),
            _ => Err(StoreError::Closing),
        }
    };
}

#[async_trait]
impl Store for SqlStore {
    async fn submit(&self, job: &Job, open_max: u32) -> Result<Submitted, StoreError> {
        done!(
            self,
            Write::Submit(Box::new(job.clone()), open_max),
            Submitted
        )
    }

    async fn job(&self, task: TaskId) -> Result<Option<Kept>, StoreError> {
        jobs::find(&self.reads, task).await
    }

    async fn jobs_of(
        &self,
        customer: Address,
        after: TaskId,
        count: u32,
    ) -> Result<Vec<Kept>, StoreError> {
        jobs::of(&self.reads, customer, after, count).await
    }

    async fn claim(&self, claim: Claim) -> Result<Vec<Kept>, StoreError> {
        done!(self, Write::Claim(claim), Claimed)
    }

    async fn change(&self, change: &Change) -> Result<Changed, StoreError> {
        done!(self, Write::Change(Box::new(change.clone())), Changed)
    }

    async fn enrol(&self, node: &Enrolment) -> Result<Fence, StoreError> {
        done!(self, Write::Enrol(Box::new(node.clone())), Enrolled)
    }

    async fn beat(&self, beat: &Beat) -> Result<Noted, StoreError> {
        done!(self, Write::Beat(Box::new(beat.clone())), Noted)
    }

    async fn held_by(&self, provider: Address) -> Result<Vec<Kept>, StoreError> {
        jobs::held_by(&self.reads, provider).await
    }

    async fn events(
        &self,
        task: TaskId,
        after: u64,
        count: u32,
    ) -> Result<Vec<TaskEvent>, StoreError> {
        events::after(&self.reads, task, after, count).await
    }

    async fn quarantine(&self, provider: Address, cause: &str) -> Result<(), StoreError> {
        done!(self, Write::Quarantine(provider, cause.to_owned()), Nothing)
    }

    async fn rejudge(
        &self,
        provider: Address,
        fence: Fence,
        judgement: &Judgement,
    ) -> Result<Noted, StoreError> {
        let judgement = Box::new(judgement.clone());
        done!(self, Write::Rejudge(provider, fence, judgement), Noted)
    }

    async fn node(&self, provider: Address) -> Result<Option<Member>, StoreError> {
        nodes::find(&self.reads, provider).await
    }

    async fn nodes(
        &self,
        since: Seconds,
        after: Address,
        count: u32,
    ) -> Result<Vec<Member>, StoreError> {
        nodes::since(&self.reads, since, after, count).await
    }

    async fn ledger(&self, after: u64, count: u32) -> Result<Vec<Link>, StoreError> {
        ledger::after(&self.reads, after, count).await
    }

    async fn links(&self) -> Result<Links, StoreError> {
        ledger::links(&self.reads).await
    }

    async fn reserve(&self, blob: &Reservation) -> Result<Reserved, StoreError> {
        done!(self, Write::Reserve(*blob), Reserved)
    }

    async fn give_up(&self, root: Root) -> Result<(), StoreError> {
        done!(self, Write::GiveUp(root), Nothing)
    }

    async fn blob(&self, root: Root) -> Result<Option<Reservation>, StoreError> {
        blobs::find(&self.reads, root).await
    }

    async fn blobs_before(
        &self,
        then: Seconds,
        count: u32,
    ) -> Result<Vec<Reservation>, StoreError> {
        blobs::before(&self.reads, then, count).await
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}
