//! A world that is not connected yet: nothing answers, nothing is lost.
//!
//! The node keeps its journal, takes no orders and says so. It is the
//! world of a node without a chain in its configuration.

use crate::clock::SystemClock;
use crate::orders::Work;
use crate::ports::{Blobs, Chain, Enclave, Trainer, World};
use async_trait::async_trait;
use proto::{Digest, Order, Reason, Root, TaskId};
use std::sync::Arc;
use tasks::{Failure, Standing};

#[derive(Clone, Copy, Debug)]
struct Standby;

/// The world of a node that stands by.
pub fn world() -> World {
    World {
        chain: Arc::new(Standby),
        blobs: Arc::new(Standby),
        enclave: Arc::new(Standby),
        trainer: Arc::new(Standby),
        clock: Arc::new(SystemClock),
    }
}

#[async_trait]
impl Chain for Standby {
    async fn orders(&self) -> Result<Vec<(Order, Standing)>, Failure> {
        Err(Failure::Transient)
    }

    async fn accept(&self, _task: TaskId) -> Result<Standing, Failure> {
        Err(Failure::Transient)
    }

    async fn deliver(&self, _task: TaskId, _blob: Root) -> Result<Standing, Failure> {
        Err(Failure::Transient)
    }

    async fn settle(&self, _task: TaskId) -> Result<Standing, Failure> {
        Err(Failure::Transient)
    }

    async fn release(&self, _task: TaskId, _reason: Reason) -> Result<Standing, Failure> {
        Err(Failure::Transient)
    }
}

#[async_trait]
impl Blobs for Standby {
    async fn fetch(&self, _root: Root) -> Result<(), Failure> {
        Err(Failure::Transient)
    }

    async fn store(&self, _root: Root) -> Result<(), Failure> {
        Err(Failure::Transient)
    }
}

#[async_trait]
impl Enclave for Standby {
    async fn open(&self, _order: &Order, _dataset: Root) -> Result<Digest, Failure> {
        Err(Failure::Transient)
    }

    async fn charge(&self, _order: &Order, _work: Work) -> Result<(), Failure> {
        Err(Failure::Transient)
    }

    async fn is_charged(&self, _order: &Order) -> Result<bool, Failure> {
        Err(Failure::Transient)
    }

    async fn seal(&self, _order: &Order, _adapter: Digest) -> Result<Root, Failure> {
        Err(Failure::Transient)
    }
}

#[async_trait]
impl Trainer for Standby {
    async fn count(&self, _order: &Order, _dataset: Digest) -> Result<Work, Failure> {
        Err(Failure::Transient)
    }

    async fn train(&self, _order: &Order, _dataset: Digest) -> Result<Digest, Failure> {
        Err(Failure::Transient)
    }
}
