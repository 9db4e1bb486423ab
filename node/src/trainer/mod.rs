//! The trainer port for real: `sealtune-trainer` as a child behind walls.
//!
//! One training is one child, and one thread of ours that lives exactly as long:
//! the kernel kills the child when that thread ends, however it ends. Plaintext
//! goes through pipes and through a memory-backed work folder, and nowhere else:
//!
//! ```text
//!  vault ─dataset, opened─▶ stdin  ┌─────────┐ stdout ─▶ progress, within limits
//!  vault ─checkpoint──────▶ fd 4   │ trainer │ fd 3 ───▶ checkpoints ─▶ vault
//!                                  └─────────┘ work/out ▶ the result ─▶ vault
//! ```
//!
//! What ends a training is a [`Cause`]; it says what the conductor, the customer
//! and the operator each need to know.

mod cause;
mod check;
mod checkpoints;
mod child;
mod count;
mod leftover;
mod lines;
mod listener;
mod materials;
mod news;
mod outcome;
mod patience;
mod scratch;
mod settings;
mod train;
mod watch;

pub use cause::{Cause, Exit};
pub use check::RecipeDesk;
pub use count::{CountFailure, Counted, Counts, Finding, Mistakes};
pub use leftover::LeftoverError;
pub use listener::{Listener, Silent};
pub use materials::{Materials, SourceError};
pub use scratch::ScratchError;
pub use settings::{PlainDisk, Settings};

use crate::intake::Speed;
use crate::orders::Work;
use crate::ports::{Clock, Trainer};
use crate::stop::Stop;
use crate::vault::{Kind, Vault, VaultError};
use async_trait::async_trait;
use checkpoints::Checkpoints;
use count::Question;
use leftover::{Record, Slot};
use outcome::Results;
use proto::{Digest, Order, TaskId};
use scratch::Scratch;
use std::io::Write;
use std::sync::Arc;
use tasks::Failure;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::spawn_blocking;
use tracing::{info, warn};
use train::{Attempt, Ended};

/// Runs `sealtune-trainer` in a sandbox, one training at a time.
#[derive(Clone)]
pub struct ChildTrainer {
    inner: Arc<Inner>,
    stop: Stop,
    /// One permit: whoever holds it may have a child that trains.
    training: Arc<Semaphore>,
    counting: Arc<Semaphore>,
    checking: Arc<Semaphore>,
}

/// What every attempt works with.
struct Inner {
    settings: Settings,
    scratch: Scratch,
    vault: Arc<Vault>,
    materials: Arc<dyn Materials>,
    listener: Arc<dyn Listener>,
    speed: Speed,
    clock: Arc<dyn Clock>,
}

/// Why the trainer cannot be used on this machine.
#[derive(Debug, thiserror::Error)]
pub enum TrainerError {
    #[error("cannot use the work folder of the trainer")]
    Scratch(#[from] ScratchError),
    #[error("cannot end what an earlier run left behind")]
    Leftover(#[from] LeftoverError),
}

/// What the trainer works with, passed as one value.
pub struct Parts {
    pub settings: Settings,
    pub vault: Arc<Vault>,
    pub materials: Arc<dyn Materials>,
    pub listener: Arc<dyn Listener>,
    /// Where the speed of a whole training is told.
    pub speed: Speed,
    pub clock: Arc<dyn Clock>,
    pub stop: Stop,
}

impl ChildTrainer {
    /// Ends what an earlier run left behind, wipes its work folders, and is ready.
    pub fn open(parts: Parts) -> Result<Self, TrainerError> {
        for slot in Slot::ALL {
            Record::new(&parts.settings.records, slot).end_leftover()?;
        }
        let scratch = Scratch::open(&parts.settings)?;
        Ok(Self {
            inner: Arc::new(Inner {
                scratch,
                settings: parts.settings,
                vault: parts.vault,
                materials: parts.materials,
                listener: parts.listener,
                speed: parts.speed,
                clock: parts.clock,
            }),
            stop: parts.stop,
            training: Arc::new(Semaphore::new(1)),
            counting: Arc::new(Semaphore::new(1)),
            checking: Arc::new(Semaphore::new(1)),
        })
    }

    /// Counts the tokens of a dataset, and finds its mistakes, in the same sandbox.
    /// `feed` writes the plaintext; it is called on a thread of its own.
    pub async fn count(
        &self,
        order: &Order,
        feed: impl FnOnce(&mut dyn Write) -> Result<(), SourceError> + Send + 'static,
    ) -> Result<Counted, CountFailure> {
        let permit = take(&self.counting).await;
        let question = Question {
            slot: Slot::Count,
            order: order.clone(),
            recipe: None,
            wall_secs: count::WALL_SECS,
        };
        count::count(&self.inner, question, Box::new(feed), permit).await
    }

    /// Removes all that is kept of a task that is closed.
    pub fn forget(&self, task: TaskId) -> Result<(), VaultError> {
        Checkpoints::of(&self.inner.vault, task, 0).clear()?;
        Results::of(&self.inner.vault, task).clear()
    }

    async fn attempt(&self, order: &Order, dataset: Digest) -> Ended {
        let permit = take(&self.training).await;
        let (attempt, commands) = match Attempt::prepare(&self.inner, order, dataset, permit) {
            Ok(prepared) => prepared,
            Err(cause) => return Ended::before(cause),
        };
        let (done, mut ended) = oneshot::channel();
        if let Err(error) = attempt.begin(done) {
            return Ended::before(Cause::Start(error.to_string()));
        }
        let ended = tokio::select! {
            ended = &mut ended => ended,
            () = self.stop.draining() => {
                commands.drain();
                ended.await
            }
        };
        ended.unwrap_or_else(|_gone| Ended::before(Cause::Lost))
    }

    /// An attempt that kept a checkpoint has come further: it is gone on with, and no
    /// patience is spent.
    fn judge(&self, task: TaskId, ended: Ended) -> Result<Digest, Failure> {
        let cause = match ended.result {
            Ok(adapter) => {
                info!(%task, %adapter, "trained");
                return Ok(adapter);
            }
            Err(cause) => cause,
        };
        warn!(%task, code = cause.code(), cause = %cause, kept = ended.kept, "the training ended early");
        self.inner.listener.ended(task, &cause);
        match cause.failure() {
            Failure::Transient if cause.is_stop() || ended.kept > 0 => {
                Err(Failure::NotBefore(self.inner.clock.now()))
            }
            failure @ (Failure::Transient | Failure::NotBefore(_) | Failure::Hopeless(_)) => {
                Err(failure)
            }
        }
    }
}

#[async_trait]
impl Trainer for ChildTrainer {
    async fn count(&self, order: &Order, dataset: Digest) -> Result<Work, Failure> {
        let (materials, whose) = (self.inner.materials.clone(), order.clone());
        let feed = move |to: &mut dyn Write| materials.dataset(&whose, dataset, to);
        let counted = Self::count(self, order, feed).await;
        if let Err(CountFailure::Mistakes { text, .. }) = &counted {
            self.inner.listener.mistaken(order.id(), &text.lines());
        }
        counted.map_or_else(|failure| Err(failure.failure()), Counted::work)
    }

    /// Dropping the future kills the child; its checkpoints stay. The next training
    /// begins only when that child has ended.
    async fn train(&self, order: &Order, dataset: Digest) -> Result<Digest, Failure> {
        let task = order.id();
        if let Some(adapter) = Results::of(&self.inner.vault, task).adapter() {
            return Ok(adapter);
        }
        let ended = self.attempt(order, dataset).await;
        self.judge(task, ended)
    }

    async fn forget(&self, task: TaskId) {
        let trainer = self.clone();
        let forgotten = spawn_blocking(move || Self::forget(&trainer, task)).await;
        if let Ok(Err(error)) = forgotten {
            warn!(%task, %error, "what was kept of a closed task stays until the next start");
        }
    }
}

async fn take(slot: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    let permit = slot.clone().acquire_owned().await;
    permit.expect("the slots are never closed")
}

impl Inner {
    /// What one training of this task is resumed from and leaves behind.
    fn checkpoints(&self, task: TaskId) -> Checkpoints {
        Checkpoints::of(&self.vault, task, self.settings.checkpoints_kept)
    }
}

/// The staged dataset, as the default of [`Materials::dataset`] reads it.
pub fn staged(vault: &Vault, dataset: Digest, to: &mut dyn Write) -> Result<(), SourceError> {
    let opened = vault.get(Kind::Dataset, &dataset.into(), to);
    opened
        .map(drop)
        .map_err(|error| SourceError::of_vault(&error))
}

impl std::fmt::Debug for ChildTrainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChildTrainer").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}
