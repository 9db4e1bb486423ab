//! What the service needs of the rest of the node.

use async_trait::async_trait;
use proto::attestation::{BootBundle, Evidence};
use proto::node::Offer;
use proto::task::Refusal;
use proto::{BootId, ChallengeNonce, Seconds, Signature, Submission};

/// Decides about orders that come in.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Checks everything, makes durable what serving the order needs, then offers it to
    /// the conductor. Idempotent by the order's digest.
    async fn take(&self, submission: Submission) -> Result<Verdict, Unavailable>;
}

/// What became of an order that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Taken,
    Refused(Refusal),
}

/// Speaks for the enclave.
#[async_trait]
pub trait Attestor: Send + Sync {
    /// The boot's evidence, once there is some.
    fn bundle(&self) -> Option<BootBundle>;

    /// The same as one archive of files that other people's tools read.
    fn archive(&self) -> Option<Vec<u8>> {
        None
    }

    /// A fresh hardware report over this nonce. Asked for one at a time.
    async fn challenge(&self, nonce: ChallengeNonce) -> Result<Evidence, Unavailable>;

    /// The attested key's signature over [`proto::attestation::liveness_digest`].
    fn liveness(&self, nonce: ChallengeNonce) -> Result<(BootId, Signature), Unavailable>;
}

/// Knows what the node offers.
pub trait Storefront: Send + Sync {
    /// What is offered now, with room for so many more orders.
    fn offer(&self, queue_free: u32) -> Option<Offer>;

    /// The time of the last finalized block seen; 0 before the first.
    fn chain_time(&self) -> Seconds;
}

/// Why something cannot be had now, though it may be later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    #[error("the node is not ready for this yet")]
    NotReady,
    #[error("the attestation device is busy")]
    DeviceBusy,
}
