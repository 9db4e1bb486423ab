//! What a node offers, and how it stands at the moment.

use super::{Price, RecipeLimits};
use proto::{Address, Root, Seconds, Tier, Wei};
use std::collections::BTreeSet;

/// What the operator decided, and what the evidence proves.
#[derive(Clone, Debug)]
pub struct Terms {
    pub chain_id: u64,
    pub market: Address,
    pub provider: Address,
    pub models: BTreeSet<Root>,
    /// What is proven of this machine.
    pub tier: Tier,
    pub price: Price,
    /// Below this no order is worth its gas.
    pub fee_least: Wei,
    pub recipe: RecipeLimits,
    pub compensation_max: Wei,
    pub ack_window_secs_max: Seconds,
    /// The least share due without an acknowledgement.
    pub penalty_bps_min: u16,
    pub tasks_max: usize,
    /// Open tasks of one customer.
    pub customer_tasks_max: usize,
    /// What all but training takes: staging, sealing, delivering until it is final.
    pub overhead_secs: Seconds,
}

impl Terms {
    /// At a contract without orders nobody holds a compensation, and results of one customer
    /// are paid in the order of their nonces: one at a time.
    #[must_use]
    pub fn without_orders_on_chain(self) -> Self {
        Self {
            compensation_max: Wei::ZERO,
            customer_tasks_max: 1,
            ..self
        }
    }
}

/// How the node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Chain time.
    pub now: Seconds,
    pub is_draining: bool,
    pub breaker_is_open: bool,
    pub open_tasks: usize,
    pub open_of_customer: usize,
    /// How long the training of open tasks may still take, at most.
    pub secs_ahead: Seconds,
    /// Of the order's model, as measured on this machine.
    pub tokens_per_sec: u64,
    /// Of the sealed dataset, where a place that has it says so.
    pub dataset_bytes: Option<u64>,
}
