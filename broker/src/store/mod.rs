//! What the broker must not forget: the books behind one trait.
//!
//! Every answer means that it is durable. A job changes only from the version its changer has seen,
//! and its ledger entry is written with it or not at all; so two brokers at one store, or a broker
//! that slept through its lease, can never give an order twice.

mod sql;

pub use sql::{Notices, Opened, SqlStore, Work};

use crate::job::{Job, News};
use crate::ledger::{Entry, Link, Links};
use async_trait::async_trait;
use proto::broker::Judgement;
use proto::node::Offer;
use proto::task::TaskEvent;
use proto::{Address, Fence, Root, Seconds, TaskId};
use std::fmt::Debug;

/// The books, as every part of the broker sees them.
#[async_trait]
pub trait Store: Debug + Send + Sync {
    /// Takes an order in; the same order again changes nothing. A customer has no more open
    /// orders than `open_max`.
    async fn submit(&self, job: &Job, open_max: u32) -> Result<Submitted, StoreError>;

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

    /// Open orders that this node has or shall have.
    async fn held_by(&self, provider: Address) -> Result<Vec<Kept>, StoreError>;

    /// What happened to a task after an event. Only the latest events are kept.
    async fn events(
        &self,
        task: TaskId,
        after: u64,
        count: u32,
    ) -> Result<Vec<TaskEvent>, StoreError>;

    /// Writes a node down and begins a session with it, under a higher fence than any before.
    async fn enrol(&self, node: &Enrolment) -> Result<Fence, StoreError>;

    /// Notes that a node is alive; not, if a later session has begun or the beat is an old one.
    async fn beat(&self, beat: &Beat) -> Result<Noted, StoreError>;

    /// Takes a node out of the list until it proves itself anew.
    async fn quarantine(&self, provider: Address, cause: &str) -> Result<(), StoreError>;

    /// Replaces what a node was judged as, in the session that was judged.
    async fn rejudge(
        &self,
        provider: Address,
        fence: Fence,
        judgement: &Judgement,
    ) -> Result<Noted, StoreError>;

    async fn node(&self, provider: Address) -> Result<Option<Member>, StoreError>;

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

    /// Sets room aside for a customer's blob; the same blob again changes nothing.
    async fn reserve(&self, blob: &Reservation) -> Result<Reserved, StoreError>;

    /// Gives the room of a blob back.
    async fn give_up(&self, root: Root) -> Result<(), StoreError>;

    async fn blob(&self, root: Root) -> Result<Option<Reservation>, StoreError>;

    /// Blobs that were set aside before then, oldest first.
    async fn blobs_before(&self, then: Seconds, count: u32)
    -> Result<Vec<Reservation>, StoreError>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    New,
    Known,
    /// The customer has as many open orders as one may have.
    OverQuota,
}

/// A job, and the version of it that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub job: Job,
    pub news: News,
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
    pub news: News,
    /// Of what was seen.
    pub version: Version,
    pub entry: Option<Entry>,
    /// What is told to who watches.
    pub events: Vec<TaskEvent>,
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

/// Room for a customer's blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    pub root: Root,
    pub customer: Address,
    pub size_bytes: u64,
    pub at: Seconds,
    /// All blobs of this customer together.
    pub customer_bytes_max: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    Done,
    OverQuota,
    /// Somebody said that it has another size.
    OtherSize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    pub provider: Address,
    pub fence: Fence,
    pub beat: u64,
    pub at: Seconds,
    pub offer: Offer,
    pub tasks_open: u32,
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
    pub tasks_open: u32,
    /// How its orders ended, by the ledger.
    pub paid: u64,
    pub failed: u64,
    /// Why it is given nothing, if it failed to prove itself.
    pub quarantined: Option<String>,
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
