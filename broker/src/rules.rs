//! What every node would refuse an order for, said at the door with the node's own code.
//!
//! The rules are the node's ([`admission`]), asked with what a node's offer says of it. What an offer does not say is taken to be as generous as can be: the node looks again.

use crate::market::Market;
use crate::store::Member;
use admission::{
    Figures, Knocking, Price, RecipeLimits, Situation, Terms, at_the_door, on_these_terms,
};
use proto::{Order, Provider, Reason, Seconds, SignedOrder, Submission, Tier, U256, Wei};

/// In the order in which a node asks; the later an order fails, the nearer it came.
const ORDER: [Reason; 13] = [
    Reason::SignatureInvalid,
    Reason::WrongChain,
    Reason::WrongProvider,
    Reason::RecipeInvalid,
    Reason::RecipeOverLimit,
    Reason::ModelNotOffered,
    Reason::TierNotMet,
    Reason::KeyInvalid,
    Reason::TermsNotAccepted,
    Reason::DeadlinePassed,
    Reason::FeeTooLow,
    Reason::DatasetOverLimit,
    Reason::DeadlineTooTight,
];

/// Judges an order by the nodes there are. Without any it is judged by itself alone, and waits.
pub fn judge(
    submission: &Submission,
    market: Market,
    nodes: &[Member],
    now: Seconds,
) -> Result<(), Reason> {
    let order = submission.order();
    knocking(
        submission,
        &terms_of_order(order, market),
        u64::MAX,
        now,
        |knocking| at_the_door(knocking).map(|_admitted| ()),
    )?;
    let verdicts = nodes
        .iter()
        .map(|node| by_node(submission, market, node, now));
    nearest(verdicts)
}

/// Judges an order by one node's offer.
pub(crate) fn by_node(
    submission: &Submission,
    market: Market,
    node: &Member,
    now: Seconds,
) -> Result<(), Reason> {
    let order = submission.order();
    if matches!(order.provider, Provider::Only(only) if only != node.offer.provider) {
        return Err(Reason::WrongProvider);
    }
    let mut models = node.offer.models.iter();
    let model = models.find(|model| model.root == order.base_model);
    let model = model.ok_or(Reason::ModelNotOffered)?;
    let terms = Terms {
        provider: node.offer.provider,
        models: [order.base_model].into(),
        tier: node.judgement.tier,
        price: Price(Wei(model.price_per_mtoken.0 / U256::from(1_000_000))),
        recipe: RecipeLimits {
            sequence_len_max: model.sequence_tokens_max.into(),
            ..ANY_RECIPE
        },
        ..terms_of_order(order, market)
    };
    let speed = whole(model.tokens_per_sec.get());
    knocking(submission, &terms, speed, now, on_these_terms)
}

const ANY_RECIPE: RecipeLimits = RecipeLimits {
    sequence_len_max: u64::MAX,
    rows_per_step_max: u64::MAX,
    epochs_max: u64::MAX,
    steps_max: u64::MAX,
    lora_r_max: u64::MAX,
};

/// Terms that a node would need at least.
fn terms_of_order(order: &Order, market: Market) -> Terms {
    Terms {
        chain_id: market.chain_id,
        market: market.contract,
        provider: order.provider.address(),
        models: [order.base_model].into(),
        tier: Tier::CpuAndGpu,
        price: Price(Wei(U256::ZERO)),
        fee_least: Wei::ZERO,
        recipe: ANY_RECIPE,
        compensation_max: Wei(U256::MAX),
        ack_window_secs_max: Seconds::MAX,
        penalty_bps_min: 0,
        tasks_max: usize::MAX,
        customer_tasks_max: usize::MAX,
        overhead_secs: 0,
    }
}

/// The node counts the tokens of a dataset; here only a recipe that says its steps has a size.
fn knocking(
    submission: &Submission,
    terms: &Terms,
    tokens_per_sec: u64,
    now: Seconds,
    judge: impl FnOnce(&Knocking<'_>) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let signed: &SignedOrder = &submission.order;
    let planned = Figures::read(&submission.recipe).and_then(|figures| figures.tokens_max());
    let situation = Situation {
        now,
        is_draining: false,
        breaker_is_open: false,
        open_tasks: 0,
        open_of_customer: 0,
        secs_ahead: 0,
        // Without a plan the size of the work is not known, and time no reason to say no.
        tokens_per_sec: planned.map_or(u64::MAX, |_tokens| tokens_per_sec),
        dataset_bytes: None,
    };
    judge(&Knocking {
        signed,
        recipe: &submission.recipe,
        terms,
        situation,
    })
}

/// Yes, if one says so or there is none; else what the one that came nearest says.
fn nearest(verdicts: impl Iterator<Item = Result<(), Reason>>) -> Result<(), Reason> {
    let mut refused = None;
    for verdict in verdicts {
        let Err(reason) = verdict else { return Ok(()) };
        refused = refused.max(Some((place(reason), reason)));
    }
    match refused {
        Some((_, Reason::WrongProvider)) => Err(Reason::NoNode),
        Some((_, reason)) => Err(reason),
        None => Ok(()),
    }
}

fn place(reason: Reason) -> usize {
    ORDER
        .iter()
        .position(|&known| known == reason)
        .unwrap_or(ORDER.len())
}

#[allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates; a speed that is not positive is none"
)]
fn whole(speed: f64) -> u64 {
    speed.ceil() as u64
}
