//! The rules that the node alone can judge.

use super::{Figures, Situation, Terms, recipe_digest};
use attestation::sealing::{Recipient, VerifiedOrder};
use proto::{Order, Provider, Reason, SignedOrder};

/// Who knocks, and on which door.
#[derive(Clone, Copy, Debug)]
pub struct Knocking<'a> {
    pub signed: &'a SignedOrder,
    /// The recipe's canonical JSON.
    pub recipe: &'a [u8],
    pub terms: &'a Terms,
    pub situation: Situation,
}

/// An order that passed every rule at the door.
#[derive(Clone, Debug)]
pub struct Admitted {
    pub order: VerifiedOrder,
    /// More tokens than these are never trained for it.
    pub tokens_max: u64,
}

type Judged = Result<(), Reason>;

/// In this order; the first that does not hold is told.
const RULES: [fn(&Knocking<'_>) -> Judged; 14] = [
    is_for_this_market,
    is_for_this_provider,
    names_its_recipe,
    keeps_the_recipe_limits,
    asks_for_an_offered_model,
    asks_for_no_more_than_is_proven,
    names_a_key,
    agrees_with_the_terms,
    is_not_too_late,
    pays_enough,
    finds_the_node_awake,
    finds_the_breaker_closed,
    finds_room,
    keeps_the_customers_quota,
];

/// Judges all but what the chain knows. The signature comes first: nothing else that an
/// unsigned order says is anybody's word.
pub fn at_the_door(knocking: &Knocking<'_>) -> Result<Admitted, Reason> {
    let SignedOrder { order, signature } = knocking.signed;
    let verified = VerifiedOrder::check(order.clone(), &signature.to_bytes())
        .map_err(|_not_signed| Reason::SignatureInvalid)?;
    RULES.iter().try_for_each(|rule| rule(knocking))?;
    let tokens_max = knocking.tokens_max();
    knocking.can_be_done_in_time(tokens_max)?;
    let order = verified;
    Ok(Admitted { order, tokens_max })
}

/// Of those, what differs from node to node.
const TERMS: [fn(&Knocking<'_>) -> Judged; 6] = [
    is_for_this_provider,
    keeps_the_recipe_limits,
    asks_for_an_offered_model,
    asks_for_no_more_than_is_proven,
    agrees_with_the_terms,
    pays_enough,
];

/// Judges an order that passed the door once by another node's terms, for who compares nodes.
pub fn on_these_terms(knocking: &Knocking<'_>) -> Result<(), Reason> {
    TERMS.iter().try_for_each(|rule| rule(knocking))?;
    knocking.can_be_done_in_time(knocking.tokens_max())
}

fn is_for_this_market(knocking: &Knocking<'_>) -> Judged {
    let (order, terms) = (knocking.order(), knocking.terms);
    let here = order.chain_id == terms.chain_id && order.contract == terms.market;
    must(here, Reason::WrongChain)
}

fn is_for_this_provider(knocking: &Knocking<'_>) -> Judged {
    let ours = match knocking.order().provider {
        Provider::Any => true,
        Provider::Only(provider) => provider == knocking.terms.provider,
    };
    must(ours, Reason::WrongProvider)
}

fn names_its_recipe(knocking: &Knocking<'_>) -> Judged {
    let named = recipe_digest(knocking.recipe) == knocking.order().recipe;
    must(named && knocking.figures().is_some(), Reason::RecipeInvalid)
}

fn keeps_the_recipe_limits(knocking: &Knocking<'_>) -> Judged {
    let figures = knocking.figures().ok_or(Reason::RecipeInvalid)?;
    must(
        figures.are_within(&knocking.terms.recipe),
        Reason::RecipeOverLimit,
    )
}

fn asks_for_an_offered_model(knocking: &Knocking<'_>) -> Judged {
    let offered = knocking.terms.models.contains(&knocking.order().base_model);
    must(offered, Reason::ModelNotOffered)
}

fn asks_for_no_more_than_is_proven(knocking: &Knocking<'_>) -> Judged {
    must(
        knocking.order().tier <= knocking.terms.tier,
        Reason::TierNotMet,
    )
}

/// What cannot be sealed to cannot be delivered to.
fn names_a_key(knocking: &Knocking<'_>) -> Judged {
    let SignedOrder { order, signature } = knocking.signed;
    let verified = VerifiedOrder::check(order.clone(), &signature.to_bytes())
        .map_err(|_not_signed| Reason::SignatureInvalid)?;
    must(Recipient::of_order(&verified).is_ok(), Reason::KeyInvalid)
}

fn agrees_with_the_terms(knocking: &Knocking<'_>) -> Judged {
    let (order, terms) = (knocking.order(), knocking.terms);
    let agrees = order.compensation <= terms.compensation_max
        && order.ack_window_secs <= terms.ack_window_secs_max
        && (terms.penalty_bps_min..=10_000).contains(&order.penalty_bps);
    must(agrees, Reason::TermsNotAccepted)
}

fn is_not_too_late(knocking: &Knocking<'_>) -> Judged {
    let in_time = knocking.situation.now < knocking.order().deadline;
    must(in_time, Reason::DeadlinePassed)
}

/// Enough for the least fee, and for one token. What the dataset really costs shows when it
/// is staged; it is never more than the order's maximum.
fn pays_enough(knocking: &Knocking<'_>) -> Judged {
    let (order, terms) = (knocking.order(), knocking.terms);
    let enough = order.fee_max >= terms.fee_least && terms.price.buys(order.fee_max) > 0;
    must(enough, Reason::FeeTooLow)
}

fn finds_the_node_awake(knocking: &Knocking<'_>) -> Judged {
    must(!knocking.situation.is_draining, Reason::Draining)
}

fn finds_the_breaker_closed(knocking: &Knocking<'_>) -> Judged {
    must(!knocking.situation.breaker_is_open, Reason::BreakerOpen)
}

fn finds_room(knocking: &Knocking<'_>) -> Judged {
    let room = knocking.situation.open_tasks < knocking.terms.tasks_max;
    must(room, Reason::TooBusy)
}

fn keeps_the_customers_quota(knocking: &Knocking<'_>) -> Judged {
    let keeps = knocking.situation.open_of_customer < knocking.terms.customer_tasks_max;
    must(keeps, Reason::CustomerQuota)
}

impl Knocking<'_> {
    fn order(&self) -> &Order {
        &self.signed.order
    }

    fn figures(&self) -> Option<Figures> {
        Figures::read(self.recipe)
    }

    /// The most tokens this order can come to: by its money, its recipe and its data.
    fn tokens_max(&self) -> u64 {
        let paid = self.terms.price.buys(self.order().fee_max);
        let figures = self.figures();
        let planned = figures.and_then(|figures| figures.tokens_max());
        let bytes = self.situation.dataset_bytes;
        let there = figures
            .zip(bytes)
            .and_then(|(figures, bytes)| figures.tokens_of_bytes(bytes));
        [planned, there].into_iter().flatten().fold(paid, u64::min)
    }

    /// Promised is only what can be kept if every order ahead is as large as it may be.
    fn can_be_done_in_time(&self, tokens: u64) -> Judged {
        let training = tokens.div_ceil(self.situation.tokens_per_sec.max(1));
        let all = self.situation.secs_ahead.saturating_add(training);
        let needed = all.saturating_add(self.terms.overhead_secs);
        let done_at = self.situation.now.saturating_add(needed);
        must(done_at <= self.order().deadline, Reason::DeadlineTooTight)
    }
}

fn must(holds: bool, reason: Reason) -> Judged {
    if holds { Ok(()) } else { Err(reason) }
}
