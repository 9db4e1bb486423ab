//! Estimates: what an order like this would cost and take, at each node that would serve it.
//!
//! Fee and time follow from what the node offers and the tokens the customer counted. The start is
//! a guess: it takes each task ahead to be as large as this one.

use super::{Desk, refused, unavailable};
use crate::store::Member;
use admission::{Figures, Price};
use proto::broker::{EstimateReply, EstimateRequest, Quote};
use proto::limits::QUOTES_MAX;
use proto::node::ModelOffer;
use proto::{CallError, List, Provider, U256, Wei};
use std::cmp::Reverse;
use tonic::Status;

impl Desk {
    pub async fn estimate(&self, asked: &EstimateRequest) -> Result<EstimateReply, Status> {
        let figures = Figures::read(&asked.recipe);
        let figures = figures.ok_or_else(|| malformed("the recipe is no canonical recipe"))?;
        let nodes = self.fleet.nodes().await.map_err(unavailable)?;
        let quotes = nodes.iter().filter_map(|node| quote(node, asked, figures));
        let mut quotes: Vec<_> = quotes.collect();
        quotes.sort_by_key(|quote| {
            let done_in = quote.start_in_secs.saturating_add(quote.takes_secs);
            (quote.fee, done_in, Reverse(quote.tier), quote.provider)
        });
        quotes.truncate(QUOTES_MAX);
        let quotes = List::new(quotes).map_err(|_more| refused(CallError::Internal))?;
        Ok(EstimateReply { quotes })
    }
}

/// Nothing, where the node would not take the order.
fn quote(node: &Member, asked: &EstimateRequest, figures: Figures) -> Option<Quote> {
    let elsewhere = matches!(asked.provider, Provider::Only(only) if only != node.offer.provider);
    let mut models = node.offer.models.iter();
    let model = models.find(|model| model.root == asked.base_model)?;
    let serves = !elsewhere
        && node.judgement.tier >= asked.tier
        && figures.sequence_len <= u64::from(model.sequence_tokens_max)
        && asked.dataset_bytes <= node.offer.dataset_bytes_max;
    if !serves {
        return None;
    }
    let tokens = tokens(figures, asked.dataset_tokens);
    let takes_secs = takes(tokens, model);
    Some(Quote {
        provider: node.offer.provider,
        tier: node.judgement.tier,
        fee: fee(tokens, model)?,
        trained_tokens: tokens,
        start_in_secs: takes_secs.saturating_mul(node.tasks_open.into()),
        takes_secs,
        queue_position: node.tasks_open,
    })
}

/// Each epoch trains on every token once; a recipe that says its steps trains on no more than those.
fn tokens(figures: Figures, dataset_tokens: u64) -> u64 {
    let by_steps = figures.tokens_max();
    let by_epochs = figures.tokens_of_bytes(dataset_tokens);
    by_steps.or(by_epochs).unwrap_or(u64::MAX)
}

/// Rounded up: a token that is begun is paid.
fn fee(tokens: u64, model: &ModelOffer) -> Option<Wei> {
    let million = U256::from(1_000_000);
    let millionths = Price(model.price_per_mtoken).of(tokens)?;
    Some(Wei(millionths.0.div_ceil(million)))
}

#[allow(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an estimate; the cast saturates, and a speed that is not positive takes for ever"
)]
fn takes(tokens: u64, model: &ModelOffer) -> u64 {
    let speed = model.tokens_per_sec.get();
    if speed <= 0.0 {
        return u64::MAX;
    }
    (tokens as f64 / speed).ceil() as u64
}

fn malformed(why: &str) -> Status {
    proto::grpc::status(CallError::MessageMalformed, why)
}
