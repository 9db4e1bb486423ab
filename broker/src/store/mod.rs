//! What the broker must not forget: the books behind one trait.
//!
//! Every answer means that it is durable. A job changes only from the version its changer has seen,
//! and its ledger entry is written with it or not at all; so two brokers at one store, or a broker
//! that slept through its lease, can never give an order twice.

mod sql;

pub use sql::{Opened, SqlStore, Work};

use crate::job::Job;
use crate::ledger::{Entry, Link, Links};
use async_trait::async_trait;
use proto::broker::Judgement;
use proto::node::Offer;
use proto::{Address, Fence, Seconds, TaskId};

/// The books, as every part of the broker sees them.
#[async_trait]
pub trait Store: Send + Sync {
    /// Takes an order in; the same order again changes nothing.
    async fn submit(&self, job: &Job) -> Result<Submitted, StoreError>;

    async fn job(&self, task: TaskId) -> Result<Option<Kept>, StoreError>;

    /// A customer's orders by id, after the one given.
    async fn jobs_of(
        &self,
        customer: Address,
        after: TaskId,
        count: u32,
    ) -> Result<Vec<Kept>, StoreError>;

    /// Orders that are due, oldest first; nobody else is given them before the claim ends.
    async fn claim(&self, claim: Claim) -> Result<Vec<Kept>, StoreError>;

    /// Changes a job, if it still is what its changer saw.
    async fn change(&self, change: &Change) -> Result<Changed, StoreError>;

    /// Writes a node down and begins a session with it, under a higher fence than any before.
    async fn enrol(&self, node: &Enrolment) -> Result<Fence, StoreError>;

    /// Notes that a node is alive; not, if a later session has begun or the beat is an old one.
    async fn beat(&self, beat: &Beat) -> Result<Noted, StoreError>;

    /// Nodes heard of since then, by address, after the one given.
    async fn nodes(
        &self,
        since: Seconds,
        after: Address,
        count: u32,
    ) -> Result<Vec<Member>, StoreError>;

    /// The ledger's lines after so many.
    async fn ledger(&self, after: u64, count: u32) -> Result<Vec<Link>, StoreError>;

    /// How far the ledger has come.
    async fn links(&self) -> Result<Links, StoreError>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    New,
    Known,
}

/// A job, and the version of it that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub job: Job,
    pub version: Version,
}

/// Rises with every change and every claim of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub now: Seconds,
    pub until: Seconds,
    pub count: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it becomes.
    pub job: Job,
    /// Of what was seen.
    pub version: Version,
    pub entry: Option<Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    Done(Version),
    /// Somebody else was faster; look again.
    Stale,
}

/// A node that announced itself, as it was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Enrolment {
    pub offer: Offer,
    pub judgement: Judgement,
    pub endpoint: Option<String>,
    pub at: Seconds,
    /// The highest fence the node has seen from this broker: its books may be older than the node's.
    pub fence_seen: Fence,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    pub provider: Address,
    pub fence: Fence,
    pub beat: u64,
    pub at: Seconds,
    pub offer: Offer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    Alive,
    Stale,
}

/// A node in the books.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub offer: Offer,
    pub judgement: Judgement,
    pub endpoint: Option<String>,
    pub fence: Fence,
    pub seen: Seconds,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database does not do as told")]
    Database(#[source] sqlx::Error),
    #[error("the database cannot be brought to this version's form")]
    Migration(#[source] sqlx::migrate::MigrateError),
    #[error("the database holds a {0} that this version cannot read")]
    Unreadable(&'static str),
    #[error("the store is closing")]
    Closing,
}
