//! How good a node is for an order, in whole thousandths, so that everyone gets the same number.
//!
//! | part | 1000 | 0 |
//! |---|---|---|
//! | price | for nothing | the customer's whole fee |
//! | speed | done at once | done at the deadline |
//! | record | has always been paid | has never been |
//! | tier | CPU and GPU proven | nothing proven |
//!
//! A node nobody knows has half a record: (paid + 1) of (paid + failed + 2).

use super::obstacle::{cost, ends};
use super::{Candidate, Record, Wanted};
use proto::{Seconds, Tier, U256};

const WHOLE: u64 = 1_000;

/// How much each part of the score counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    pub price: u16,
    pub speed: u16,
    pub record: u16,
    pub tier: u16,
}

/// The parts of a score, and their weighted sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    pub price: u16,
    pub speed: u16,
    pub record: u16,
    pub tier: u16,
    pub total: u64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            price: 40,
            speed: 25,
            record: 25,
            tier: 10,
        }
    }
}

impl Score {
    pub(super) fn of(wanted: &Wanted, node: &Candidate, now: Seconds, weights: Weights) -> Self {
        let price = price(wanted, node);
        let speed = speed(wanted, node, now);
        let record = record(node.record);
        let tier = tier(node.tier);
        let parts = [
            (price, weights.price),
            (speed, weights.speed),
            (record, weights.record),
            (tier, weights.tier),
        ];
        let total = parts
            .into_iter()
            .map(|(part, weight)| u64::from(part) * u64::from(weight))
            .sum();
        Self {
            price,
            speed,
            record,
            tier,
            total,
        }
    }
}

/// What the customer keeps of her fee.
fn price(wanted: &Wanted, node: &Candidate) -> u16 {
    let most = wanted.order.fee_max.0;
    if most.is_zero() {
        return thousandths(1, 1);
    }
    let kept = most.saturating_sub(cost(wanted, node, size(wanted)));
    let scaled = kept.saturating_mul(U256::from(WHOLE)) / most;
    u16::try_from(scaled.saturating_to::<u64>().min(WHOLE)).unwrap_or(u16::MAX)
}

/// What is left of the time to the deadline.
fn speed(wanted: &Wanted, node: &Candidate, now: Seconds) -> u16 {
    let deadline = wanted.order.deadline;
    let left = deadline.saturating_sub(ends(wanted, node, size(wanted), now));
    thousandths(left, deadline.saturating_sub(now))
}

/// The size of the work, or the guess.
fn size(wanted: &Wanted) -> u64 {
    wanted.work.tokens.unwrap_or(wanted.work.tokens_about)
}

fn record(record: Record) -> u16 {
    let all = record.paid.saturating_add(record.failed).saturating_add(2);
    thousandths(record.paid.saturating_add(1), all)
}

fn tier(tier: Tier) -> u16 {
    match tier {
        Tier::Development => thousandths(0, 2),
        Tier::Cpu => thousandths(1, 2),
        Tier::CpuAndGpu => thousandths(2, 2),
    }
}

fn thousandths(part: u64, whole: u64) -> u16 {
    let whole = u128::from(whole.max(1));
    let scaled = u128::from(part) * u128::from(WHOLE) / whole;
    u16::try_from(scaled.min(u128::from(WHOLE))).unwrap_or(u16::MAX)
}
