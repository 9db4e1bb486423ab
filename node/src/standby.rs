//! A world that is not connected yet: nothing answers, nothing is lost.
//!
//! The node keeps its journal, takes no orders and says so. The adapters to the
//! chain, storage, enclave and trainer take these places one by one.

use crate::api::{Attestor, Intake, Storefront, Unavailable, Verdict};
use crate::clock::SystemClock;
use crate::orders::Work;
use crate::ports::{Blobs, Chain, Enclave, Trainer, World};
use async_trait::async_trait;
use proto::attestation::{BootBundle, Evidence};
use proto::node::Offer;
use proto::{
    BootId, ChallengeNonce, Digest, Order, Reason, Root, Seconds, Signature, Submission, TaskId,
};
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

/// Takes no orders.
pub fn intake() -> Arc<dyn Intake> {
    Arc::new(Standby)
}

/// Has no evidence.
pub fn attestor() -> Arc<dyn Attestor> {
    Arc::new(Standby)
}

/// Shows no evidence either, though this boot's was made and judged before the node began.
pub fn silent_attestor() -> Arc<dyn Attestor> {
    Arc::new(Silent)
}

/// Offers nothing.
pub fn storefront() -> Arc<dyn Storefront> {
    Arc::new(Standby)
}

#[async_trait]
impl Intake for Standby {
    async fn take(&self, _submission: Submission) -> Result<Verdict, Unavailable> {
        Err(Unavailable::NotReady)
    }
}

#[async_trait]
impl Attestor for Standby {
    fn bundle(&self) -> Option<BootBundle> {
        None
    }

    async fn challenge(&self, _nonce: ChallengeNonce) -> Result<Evidence, Unavailable> {
        Err(Unavailable::NotReady)
    }

    fn liveness(&self, _nonce: ChallengeNonce) -> Result<(BootId, Signature), Unavailable> {
        Err(Unavailable::NotReady)
    }
}

#[derive(Clone, Copy, Debug)]
struct Silent;

#[async_trait]
impl Attestor for Silent {
    fn bundle(&self) -> Option<BootBundle> {
        None
    }

    fn is_unproven(&self) -> bool {
        false
    }

    async fn challenge(&self, _nonce: ChallengeNonce) -> Result<Evidence, Unavailable> {
        Err(Unavailable::NotReady)
    }

    fn liveness(&self, _nonce: ChallengeNonce) -> Result<(BootId, Signature), Unavailable> {
        Err(Unavailable::NotReady)
    }
}

impl Storefront for Standby {
    fn offer(&self, _queue_free: u32) -> Option<Offer> {
        None
    }

    fn chain_time(&self) -> Seconds {
        0
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
