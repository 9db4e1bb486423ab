//! What the client is told about a chain.

use crate::rpc::Budget;
use alloy_primitives::Address;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Config {
    /// Several nodes of one chain, the preferred one first.
    pub urls: Vec<String>,
    pub chain_id: u64,
    pub market: Address,
    /// The block the market was deployed in: nothing of it is older.
    pub deployed_at: u64,
    pub finality: Finality,
    pub timing: Timing,
    pub fees: FeePolicy,
    /// For each URL.
    pub budget: Budget,
    /// The most blocks that one page of events spans.
    pub page_blocks: u64,
}

/// Which blocks cannot go away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finality {
    /// Those that the node calls finalized.
    Tag,
    /// Those with this many blocks on top.
    Depth(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long one request may take.
    pub request: Duration,
    /// How often the chain is asked whether something happened.
    pub poll: Duration,
    /// How long a transaction may wait before it bids more.
    pub bump_after: Duration,
    /// How long one call waits for a transaction to be included, and again to be final.
    pub patience: Duration,
}

/// What a transaction may bid, in wei per unit of gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeePolicy {
    pub tip_least: u128,
    pub fee_most: u128,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("no rpc url is configured")]
    NoUrl,
    /// The URL is not shown: it may hold an API key.
    #[error("an rpc url is not a valid url")]
    BadUrl,
    #[error("cannot set up tls for rpc urls")]
    Tls(#[source] reqwest::Error),
}

impl Config {
    /// A chain with customary numbers for everything else.
    pub fn new(urls: Vec<String>, chain_id: u64, market: Address) -> Self {
        Self {
            urls,
            chain_id,
            market,
            deployed_at: 0,
            finality: Finality::Tag,
            timing: Timing::default(),
            fees: FeePolicy::default(),
            budget: Budget::default(),
            page_blocks: 1000,
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(10),
            poll: Duration::from_secs(1),
            bump_after: Duration::from_secs(30),
            patience: Duration::from_mins(3),
        }
    }
}

impl Default for FeePolicy {
    fn default() -> Self {
        Self {
            tip_least: 1_000_000,
            fee_most: 1_000_000_000_000,
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            per_second: 20,
            burst: 40,
        }
    }
}
