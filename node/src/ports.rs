//! The world, as the conductor needs it. Adapters bring the real one, tests the fakes.
//!
//! Content never passes through a port: it stays in the node's workspace or in
//! storage, and what moves is its name.

use crate::orders::Work;
use async_trait::async_trait;
use proto::{Digest, Order, Reason, Root, Seconds, TaskId};
use std::sync::Arc;
use tasks::{Failure, Standing};

/// Everything outside the conductor, passed as one value.
#[derive(Clone)]
pub struct World {
    pub chain: Arc<dyn Chain>,
    pub blobs: Arc<dyn Blobs>,
    pub enclave: Arc<dyn Enclave>,
    pub trainer: Arc<dyn Trainer>,
    pub clock: Arc<dyn Clock>,
}

/// The market contract.
///
/// Every call is idempotent by task and answers how the order stands afterwards,
/// for good: an adapter reads before it sends, and "already done, by us" is
/// success. A send error is unknown, not failed: the next call reads again.
#[async_trait]
pub trait Chain: Send + Sync {
    /// Every order that concerns this node, with its standing. Answers only when
    /// nothing this node ever sent is still pending, whatever its disk remembers.
    async fn orders(&self) -> Result<Vec<(Order, Standing)>, Failure>;

    async fn accept(&self, task: TaskId) -> Result<Standing, Failure>;

    /// Asked for with one blob per task, ever.
    async fn deliver(&self, task: TaskId, blob: Root) -> Result<Standing, Failure>;

    /// Not due before the customer acknowledged or her window ended: `NotBefore`.
    async fn settle(&self, task: TaskId) -> Result<Standing, Failure>;

    /// Returns the customer's money. Never asked for once a delivery was.
    async fn release(&self, task: TaskId, reason: Reason) -> Result<Standing, Failure>;
}

/// Sealed bytes by content.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// The bytes of this root are in the workspace, and checked, when this returns.
    async fn fetch(&self, root: Root) -> Result<(), Failure>;

    /// The workspace's bytes of this root can be fetched by anyone when this returns.
    async fn store(&self, root: Root) -> Result<(), Failure>;
}

/// The keys this enclave alone holds.
///
/// The key that seals a task's adapter follows from the enclave's secret and the
/// task, so that no disk, however old, can lose the key of a delivered adapter.
#[async_trait]
pub trait Enclave: Send + Sync {
    /// Opens a sealed dataset inside the workspace and names what was in it.
    async fn open(&self, order: &Order, dataset: Root) -> Result<Digest, Failure>;

    /// Remembers how much work an order is, which is what it will be charged for. Hopeless
    /// if it is more than the order pays.
    async fn charge(&self, order: &Order, work: Work) -> Result<(), Failure>;

    /// Whether that is remembered. A disk that was put back may have forgotten.
    async fn is_charged(&self, order: &Order) -> Result<bool, Failure>;

    /// Whether the opened dataset is still there: the disk is the host's.
    async fn holds(&self, _dataset: Digest) -> Result<bool, Failure> {
        Ok(true)
    }

    /// Removes all that is kept of a task that is closed for good, as far as nobody else
    /// needs it. Tries once; what stays is tried again at the next start.
    async fn forget(&self, _task: TaskId) {}

    /// Seals an adapter to the order's key inside the workspace and names the result.
    async fn seal(&self, order: &Order, adapter: Digest) -> Result<Root, Failure>;
}

/// Runs one training to its end, in another process.
#[async_trait]
pub trait Trainer: Send + Sync {
    /// Reads the whole dataset and says how much work the order is. A mistake of the
    /// customer's is hopeless.
    async fn count(&self, order: &Order, dataset: Digest) -> Result<Work, Failure>;

    /// Dropping the future ends the training; its checkpoints stay.
    async fn train(&self, order: &Order, dataset: Digest) -> Result<Digest, Failure>;

    /// Removes checkpoints and result of a task that is closed for good. Tries once.
    async fn forget(&self, _task: TaskId) {}
}

#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> Seconds;
    async fn sleep_until(&self, at: Seconds);
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}
