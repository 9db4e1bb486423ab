//! The child process: the node's core as it ships, with the stage for a world.

use crate::wire::{Question, ask};
use crate::{Outcome, journal};
use async_trait::async_trait;
use node::clock::SystemClock;
use node::conductor::{Capacity, Conductor, Mailbox, Memory, mailbox};
use node::journal::JournalKey;
use node::orders::Work;
use node::ports::{Blobs, Chain, Enclave, Trainer, World};
use node::stop::Stop;
use proto::{Digest, Order, Reason, Root, TaskId};
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::sync::Arc;
use tasks::{Failure, Limits, Standing};
use tokio::runtime::Handle;

const CAPACITY: Capacity = Capacity {
    tasks_max: 200,
    duties_max: 32,
    patience: Limits {
        stumbles_max: 6,
        backoff_base_secs: 1,
        backoff_max_secs: 2,
    },
};

/// The secret of the play; a real one never leaves the enclave.
pub(crate) fn key() -> JournalKey {
    JournalKey::new(*b"the rehearsal's secret is a fake")
}

/// Lives until it is killed.
pub(crate) async fn act(socket: PathBuf, folder: PathBuf) -> Outcome {
    let memory = Memory::recall(&journal(&folder), &key())?;
    let (mailbox, inputs) = mailbox();
    let stage = Stage(socket);
    let conductor = Conductor::new(memory, stage.world(), CAPACITY, inputs, Handle::current());
    tokio::select! {
        end = conductor.run(Stop::default()) => end?,
        end = stage.tell(&mailbox) => end?,
    }
    Ok(())
}

#[derive(Clone)]
struct Stage(PathBuf);

impl Stage {
    fn world(&self) -> World {
        World {
            chain: Arc::new(self.clone()),
            blobs: Arc::new(self.clone()),
            enclave: Arc::new(self.clone()),
            trainer: Arc::new(self.clone()),
            clock: Arc::new(SystemClock),
        }
    }

    /// Brings the node every order and all news of it, over and over.
    async fn tell(&self, mailbox: &Mailbox) -> Outcome {
        loop {
            for (order, standing) in self.orders().await.unwrap_or_default() {
                let id = order.id();
                if standing == Standing::Open {
                    mailbox.offer(order).await?;
                }
                mailbox.news(id, standing).await?;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    async fn ask<T: DeserializeOwned>(&self, question: Question) -> Result<T, Failure> {
        ask(&self.0, &question).await
    }
}

#[async_trait]
impl Chain for Stage {
    async fn orders(&self) -> Result<Vec<(Order, Standing)>, Failure> {
        self.ask(Question::Orders).await
    }

    async fn accept(&self, task: TaskId) -> Result<Standing, Failure> {
        self.ask(Question::Accept(task)).await
    }

    async fn deliver(&self, task: TaskId, blob: Root) -> Result<Standing, Failure> {
        self.ask(Question::Deliver(task, blob)).await
    }

    async fn settle(&self, task: TaskId) -> Result<Standing, Failure> {
        self.ask(Question::Settle(task)).await
    }

    async fn release(&self, task: TaskId, reason: Reason) -> Result<Standing, Failure> {
        self.ask(Question::Release(task, reason)).await
    }
}

#[async_trait]
impl Blobs for Stage {
    async fn fetch(&self, root: Root) -> Result<(), Failure> {
        self.ask(Question::Fetch(root)).await
    }

    async fn store(&self, root: Root) -> Result<(), Failure> {
        self.ask(Question::Store(root)).await
    }
}

#[async_trait]
impl Enclave for Stage {
    async fn open(&self, order: &Order, dataset: Root) -> Result<Digest, Failure> {
        self.ask(Question::Open(Box::new(order.clone()), dataset))
            .await
    }

    async fn charge(&self, order: &Order, work: Work) -> Result<(), Failure> {
        self.ask(Question::Charge(Box::new(order.clone()), work))
            .await
    }

    async fn is_charged(&self, order: &Order) -> Result<bool, Failure> {
        self.ask(Question::IsCharged(Box::new(order.clone()))).await
    }

    async fn seal(&self, order: &Order, adapter: Digest) -> Result<Root, Failure> {
        self.ask(Question::Seal(Box::new(order.clone()), adapter))
            .await
    }
}

#[async_trait]
impl Trainer for Stage {
    async fn count(&self, order: &Order, dataset: Digest) -> Result<Work, Failure> {
        self.ask(Question::Count(Box::new(order.clone()), dataset))
            .await
    }

    async fn train(&self, order: &Order, dataset: Digest) -> Result<Digest, Failure> {
        self.ask(Question::Train(Box::new(order.clone()), dataset))
            .await
    }
}
