//! `ft estimate`: what a training would cost, and how long it would take.

use super::providers::services;
use crate::amount::{in_0g, shown};
use crate::answer::{Answer, table};
use crate::args::Estimate;
use crate::bank;
use crate::context::Context;
use crate::desk::Node;
use crate::trouble::{Kind, Money, Trouble};
use crate::weigh::{read_recipe, weigh};
use serde_json::{Value, json};

pub(super) async fn run(context: &Context, args: &Estimate) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let recipe = read_recipe(Some(&args.recipe))?;
    let weight = weigh(&config.trainer, &args.model_dir, &args.data, &recipe)?;
    let tokens = weight.trained_tokens();
    let reader = bank::reader(&config).await?;
    let (mut rows, mut json) = (Vec::new(), Vec::new());
    for service in services(&reader).await? {
        if args.provider.is_some_and(|only| only != service.provider) {
            continue;
        }
        let fee = weight
            .fee(service.pricePerToken)
            .ok_or_else(|| Trouble::new(Kind::Refused, "no amount of money is that large"))?;
        let url = Node::url_of(service.provider, &reader, &config).await?;
        let secs = seconds(&url, &home, &config, tokens).await;
        let takes = secs.map_or("not known: its node does not answer".into(), |secs| {
            format!("{secs} s")
        });
        rows.push([
            service.provider.to_string(),
            in_0g(fee),
            fee.0.to_string(),
            takes,
        ]);
        json.push(json!({
            "provider": service.provider, "fee": shown(fee), "fee_wei": fee.0.to_string(), "takes_secs": secs,
        }));
    }
    if rows.is_empty() {
        let what = "no provider to ask a price of";
        return Err(Trouble::new(Kind::Refused, what)
            .money(Money::NotMoved)
            .next("ft providers"));
    }
    let head = ["provider", "0G", "wei", "training takes about"];
    let text = format!(
        "{} steps, {tokens} tokens to be paid\n{}",
        weight.steps,
        table(head, &rows)
    );
    let json = json!({ "steps": weight.steps, "tokens": tokens, "quotes": Value::Array(json) });
    Ok(Answer::new(text, json))
}

/// At the speed the node measured of itself.
async fn seconds(
    url: &str,
    home: &crate::home::Home,
    config: &crate::config::Config,
    tokens: u64,
) -> Option<u64> {
    let status = Node::open(url, home, config)
        .await
        .ok()?
        .about()
        .await
        .ok()?;
    let speeds = status
        .offer
        .models
        .iter()
        .map(|model| model.tokens_per_sec.get());
    let slowest = speeds
        .filter(|speed| *speed > 0.0)
        .fold(f64::INFINITY, f64::min);
    #[allow(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "an estimate; a float that is too large becomes the largest integer"
    )]
    let secs = (tokens as f64 / slowest).ceil() as u64;
    slowest.is_finite().then_some(secs)
}
