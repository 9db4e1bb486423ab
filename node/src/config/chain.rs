//! `[chain]`: where the market is, and what the wallet may spend.

use super::offer::Amount;
use super::reader::Section;
use proto::{Address, Wei};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct ChainConfig {
    pub urls: Vec<String>,
    pub chain_id: u64,
    pub market: Address,
    pub deployed_at: u64,
    /// The operator's key; a file only its owner can read.
    pub wallet: PathBuf,
    pub wallet_password: Option<PathBuf>,
    /// Blocks on top that make one final; none: as the chain says.
    pub confirmations: u64,
    pub poll: Duration,
    pub patience: Duration,
    pub bump_after: Duration,
    /// What each URL is asked at most.
    pub requests_per_sec: u32,
    pub fee_most_wei_per_gas: u128,
    /// Put up when the service is first registered.
    pub bond: Wei,
}

pub(super) fn read(section: &mut Section) -> ChainConfig {
    let urls = section.texts("urls");
    if urls.is_empty() {
        section.complain("urls", "is required: a list of rpc urls".into());
    }
    if !section.has("chain_id") {
        section.complain("chain_id", "is required: a number".into());
    }
    ChainConfig {
        urls,
        chain_id: section.number("chain_id", 0, 1..=u64::MAX / 2),
        market: section.required("market", "the address of the market contract"),
        deployed_at: section.number("deployed_at", 0, 0..=u64::MAX / 2),
        wallet: section.path("wallet"),
        wallet_password: section.optional("wallet_password", "a path"),
        confirmations: section.number("confirmations", 0, 0..=10_000),
        poll: millis(section, "poll_ms", 1_000, 10),
        patience: millis(section, "patience_ms", 180_000, 1_000),
        bump_after: millis(section, "bump_after_ms", 30_000, 100),
        requests_per_sec: section.number("requests_per_sec", 20, 1..=100_000),
        fee_most_wei_per_gas: section.parsed(
            "fee_most_wei_per_gas",
            "1000000000000",
            "a number of wei",
        ),
        bond: section.parsed::<Amount>("bond", "0 wei", Amount::WANTED).0,
    }
}

fn millis(section: &mut Section, key: &'static str, default: u64, least: u64) -> Duration {
    Duration::from_millis(section.number(key, default, least..=3_600_000))
}
