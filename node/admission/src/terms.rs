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

/// How the node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Chain time.
    pub now: Seconds,
    pub is_draining: bool,
    pub breaker_is_open: bool,
    pub open_tasks: usize,
    pub open_of_customer: usize,
    /// Tokens that open tasks may still have to train, at most.
    pub tokens_ahead: u64,
    /// As measured on this machine.
    pub tokens_per_sec: u64,
    /// Of the sealed dataset, where a place that has it says so.
    pub dataset_bytes: Option<u64>,
}
