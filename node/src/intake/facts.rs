//! What the door asks of others.

use crate::admission::OnChain;
use crate::breaker;
use crate::stop::Stop;
use async_trait::async_trait;
use proto::{Order, Root};
use tasks::Failure;

/// The chain, as far as admission asks it.
#[async_trait]
pub trait ChainFacts: Send + Sync {
    async fn known(&self, order: &Order) -> Result<OnChain, Failure>;
}

/// Whoever trains, asked whether it would.
#[async_trait]
pub trait Recipes: Send + Sync {
    /// Hopeless where the recipe, or this model with it, can never be trained.
    async fn check(&self, order: &Order, recipe: &[u8]) -> Result<(), Failure>;
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

/// Closed while the node stops or drains, and while its breaker is open.
#[derive(Clone, Debug)]
pub struct Guarded {
    stop: Stop,
    gate: breaker::Gate,
}

impl Guarded {
    pub fn new(stop: Stop, gate: breaker::Gate) -> Self {
        Self { stop, gate }
    }
}

impl Gate for Guarded {
    fn is_draining(&self) -> bool {
        self.stop.is_draining() || self.gate.standing().draining
    }

    fn breaker_is_open(&self) -> bool {
        !self.gate.standing().causes.is_empty()
    }
}
