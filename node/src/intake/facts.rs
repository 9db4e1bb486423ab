//! What the door asks of others.

use crate::admission::OnChain;
use crate::stop::Stop;
use async_trait::async_trait;
use proto::{Order, Root};
use tasks::Failure;

/// The chain, as far as admission asks it.
#[async_trait]
pub trait ChainFacts: Send + Sync {
    async fn known(&self, order: &Order) -> Result<OnChain, Failure>;
}

/// The places that keep content, asked how much of it there is.
#[async_trait]
pub trait Sizes: Send + Sync {
    /// Nothing, where nobody answers soon.
    async fn size(&self, root: Root) -> Option<u64>;
}

/// Whether the node takes orders at all.
pub trait Gate: Send + Sync {
    fn is_draining(&self) -> bool;
    fn breaker_is_open(&self) -> bool;
}

/// A gate that closes when the node stops, and has no breaker.
#[derive(Clone, Debug)]
pub struct StopGate(pub Stop);

impl Gate for StopGate {
    fn is_draining(&self) -> bool {
        self.0.is_draining()
    }

    fn breaker_is_open(&self) -> bool {
        false
    }
}
