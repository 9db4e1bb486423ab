//! Why an order cannot go to a node: the hard constraints, all of them, each with its code.

use super::{Candidate, Wanted};
use proto::node::ModelOffer;
use proto::{Provider, Reason, Seconds, U256};

/// One reason why a node cannot be given an order, however good it is otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// The customer chose another provider.
    OtherProvider,
    ModelNotOffered,
    /// The recipe's sequences are longer than the node takes for this model.
    SequenceTooLong,
    TierTooLow,
    /// The work costs more than the customer pays, as far as its size is known.
    TooExpensive,
    /// By the node's measured speed the work ends after the deadline.
    TooSlow,
    DatasetTooLarge,
    MemoryTooSmall,
    /// The node's operator does not serve this customer.
    Denied,
    /// The node had the order before and refused it or let it wait.
    LetDown,
}

impl Obstacle {
    /// What the customer is told when this is why no node can be found.
    pub fn reason(self) -> Reason {
        match self {
            Self::OtherProvider | Self::LetDown | Self::Denied => Reason::NoNode,
            Self::ModelNotOffered => Reason::ModelNotOffered,
            Self::SequenceTooLong => Reason::RecipeOverLimit,
            Self::TierTooLow => Reason::TierNotMet,
            Self::TooExpensive => Reason::FeeTooLow,
            Self::TooSlow => Reason::DeadlineTooTight,
            Self::DatasetTooLarge => Reason::DatasetOverLimit,
            Self::MemoryTooSmall => Reason::OutOfMemory,
        }
    }
}

/// Everything that keeps the order from this node; nothing, if it may go there.
pub fn obstacles(wanted: &Wanted, node: &Candidate, now: Seconds) -> Vec<Obstacle> {
    let order = &wanted.order;
    let provider = node.offer.provider;
    let model = model(wanted, node);
    let known = wanted.work.tokens;
    let sequence_max = model.map_or(u32::MAX, |model| model.sequence_tokens_max);
    [
        (
            is_for_another(order.provider, provider),
            Obstacle::OtherProvider,
        ),
        (model.is_none(), Obstacle::ModelNotOffered),
        (
            wanted.work.sequence_tokens > sequence_max,
            Obstacle::SequenceTooLong,
        ),
        (node.tier < order.tier, Obstacle::TierTooLow),
        (
            known.is_some_and(|tokens| cost(wanted, node, tokens) > order.fee_max.0),
            Obstacle::TooExpensive,
        ),
        (
            ends(wanted, node, known.unwrap_or(0), now) > order.deadline,
            Obstacle::TooSlow,
        ),
        (
            wanted.work.dataset_bytes > node.offer.dataset_bytes_max,
            Obstacle::DatasetTooLarge,
        ),
        (
            wanted.work.memory_bytes > node.offer.memory_bytes,
            Obstacle::MemoryTooSmall,
        ),
        (node.denies.contains(&order.customer), Obstacle::Denied),
        (wanted.let_down_by.contains(&provider), Obstacle::LetDown),
    ]
    .into_iter()
    .filter_map(|(stands, obstacle)| stands.then_some(obstacle))
    .collect()
}

fn is_for_another(wanted: Provider, provider: proto::Address) -> bool {
    matches!(wanted, Provider::Only(only) if only != provider)
}

pub(super) fn model<'a>(wanted: &Wanted, node: &'a Candidate) -> Option<&'a ModelOffer> {
    let mut models = node.offer.models.iter();
    models.find(|model| model.root == wanted.order.base_model)
}

/// What the node takes for so many tokens; more than a number can say is more than anyone pays.
pub(super) fn cost(wanted: &Wanted, node: &Candidate, tokens: u64) -> U256 {
    let price = model(wanted, node).map_or(U256::ZERO, |model| model.price_per_mtoken.0);
    let millionths = price.checked_mul(U256::from(tokens));
    millionths.map_or(U256::MAX, |cost| cost.div_ceil(U256::from(1_000_000)))
}

/// When so many tokens would be trained on if the work began now.
pub(super) fn ends(wanted: &Wanted, node: &Candidate, tokens: u64, now: Seconds) -> Seconds {
    let speed = model(wanted, node).map_or(0.0, |model| model.tokens_per_sec.get());
    now.saturating_add(seconds_for(tokens, speed))
}

#[allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an estimate; the cast saturates, and a speed that is not positive takes for ever"
)]
fn seconds_for(tokens: u64, per_sec: f64) -> Seconds {
    match tokens {
        0 => 0,
        _ if per_sec <= 0.0 => Seconds::MAX,
        _ => (tokens as f64 / per_sec).ceil() as Seconds,
    }
}
