//! Which node gets which order: a pure function of the orders that wait and the places there are.
//!
//! Who has waited longest chooses first, and takes the best node that can serve her. So no order
//! starves: with every place that comes free among the nodes that can serve it, an order has fewer
//! before it.

mod obstacle;
mod score;

pub use obstacle::{Obstacle, obstacles};
pub use score::{Score, Weights};

use proto::node::Offer;
use proto::{Address, Order, Seconds, TaskId, Tier};
use std::collections::BTreeSet;
use std::sync::Arc;

/// An order that waits for a node.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub task: TaskId,
    pub order: Arc<Order>,
    /// What is known of the work without opening anything.
    pub work: Work,
    pub since: Seconds,
    /// Nodes that refused it or let it wait too long.
    pub let_down_by: BTreeSet<Address>,
}

/// How much work an order is, as far as anyone but its node can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    pub sequence_tokens: u32,
    pub dataset_bytes: u64,
    pub memory_bytes: u64,
    /// Tokens to train on, where recipe and customer say so; the dataset itself is sealed.
    pub tokens: Option<u64>,
    /// A guess of the same from the size of the dataset, for comparing nodes only.
    pub tokens_about: u64,
}

/// A node that may be given orders.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub offer: Offer,
    /// As the evidence was judged, which may be less than the offer claims.
    pub tier: Tier,
    pub record: Record,
    /// Whom the node's operator will not serve.
    pub denies: BTreeSet<Address>,
}

/// How a node's earlier tasks ended, by the public ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub paid: u64,
    pub failed: u64,
}

/// An order, and the node it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub task: TaskId,
    pub provider: Address,
    pub score: Score,
}

/// Gives orders to nodes until no order can be given or no node has room.
pub fn assign(
    orders: &[Wanted],
    nodes: &[Candidate],
    now: Seconds,
    weights: Weights,
) -> Vec<Assignment> {
    let mut room: Vec<u32> = nodes.iter().map(|node| node.offer.queue_free).collect();
    by_age(orders)
        .into_iter()
        .filter_map(|wanted| {
            let (index, chosen) = best(wanted, nodes, &room, now, weights)?;
            if let Some(free) = room.get_mut(index) {
                *free = free.saturating_sub(1);
            }
            Some(chosen)
        })
        .collect()
}

fn by_age(orders: &[Wanted]) -> Vec<&Wanted> {
    let mut ordered: Vec<_> = orders.iter().collect();
    ordered.sort_by_key(|wanted| (wanted.since, wanted.task));
    ordered
}

/// The node with the highest score; of two equal ones, the one with more room, then the lower address.
fn best(
    wanted: &Wanted,
    nodes: &[Candidate],
    room: &[u32],
    now: Seconds,
    weights: Weights,
) -> Option<(usize, Assignment)> {
    nodes
        .iter()
        .zip(room)
        .enumerate()
        .filter(|(_, (node, free))| **free > 0 && obstacles(wanted, node, now).is_empty())
        .map(|(index, (node, free))| {
            let score = Score::of(wanted, node, now, weights);
            (
                score.total,
                *free,
                std::cmp::Reverse(node.offer.provider),
                index,
                score,
            )
        })
        .max_by_key(|&(total, free, provider, ..)| (total, free, provider))
        .map(|(_, _, provider, index, score)| {
            let task = wanted.task;
            (
                index,
                Assignment {
                    task,
                    provider: provider.0,
                    score,
                },
            )
        })
}

#[cfg(test)]
mod tests;
