//! `ft providers` and `ft models`: who offers what.

use crate::amount::{in_0g, shown};
use crate::answer::{Answer, table};
use crate::bank;
use crate::context::Context;
use crate::desk::Node;
use crate::trouble::Trouble;
use chain::bindings::IFineTuningTypes::Service;
use chain::bindings::Market as Abi;
use proto::node::NodeStatus;
use proto::{Address, U256, Wei};
use serde_json::{Value, json};

pub(super) async fn providers(context: &Context) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let services = services(&bank::reader(&config).await?).await?;
    let verdict = |provider| match home.last_verdict(provider) {
        Some(machine) => format!("good ({})", machine.domain),
        None => "not verified yet".to_owned(),
    };
    let rows: Vec<_> = services
        .iter()
        .map(|service| {
            let accepted = if service.teeSignerAcknowledged {
                "yes"
            } else {
                "no"
            };
            [
                service.provider.to_string(),
                in_0g(of_a_million(service.pricePerToken)),
                accepted.to_owned(),
                verdict(service.provider),
                service.models.join(", "),
            ]
        })
        .collect();
    let head = [
        "provider",
        "0G per million tokens",
        "signer accepted",
        "your verdict",
        "models",
    ];
    let text = match rows.as_slice() {
        [] => "nobody offers to train at this contract".to_owned(),
        rows => format!("{}\nnext: ft verify PROVIDER", table(head, rows)),
    };
    let json = services.iter().map(|service| {
        json!({
            "provider": service.provider, "url": service.url,
            "price_per_token_wei": service.pricePerToken.to_string(),
            "signer": service.teeSignerAddress, "signer_accepted": service.teeSignerAcknowledged,
            "models": service.models, "occupied": service.occupied,
            "verdict": home.last_verdict(service.provider),
        })
    });
    Ok(Answer::new(text, Value::Array(json.collect())))
}

pub(super) async fn models(context: &Context, only: Option<Address>) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let reader = bank::reader(&config).await?;
    let mut providers: Vec<Address> = match only {
        Some(provider) => vec![provider],
        None => services(&reader)
            .await?
            .iter()
            .map(|s| s.provider)
            .collect(),
    };
    providers.sort();
    let (mut rows, mut json) = (Vec::new(), Vec::new());
    for provider in providers {
        let url = Node::url_of(provider, &reader, &config).await?;
        let asked = async { Node::open(&url, &home, &config).await?.about().await };
        match asked.await {
            Ok(status) if status.offer.provider == provider => {
                list(&status, &mut rows, &mut json);
            }
            Ok(status) => context.voice.say(&format!(
                "{url} is {}'s node, not {provider}'s",
                status.offer.provider
            )),
            Err(trouble) => context.voice.say(&format!("{provider}: {trouble}")),
        }
    }
    let head = [
        "model",
        "provider",
        "0G per million tokens",
        "tokens/s",
        "root",
    ];
    Ok(Answer::new(table(head, &rows), Value::Array(json)))
}

fn list(status: &NodeStatus, rows: &mut Vec<[String; 5]>, json: &mut Vec<Value>) {
    let provider = status.offer.provider;
    for model in &status.offer.models {
        rows.push([
            model.name.to_string(),
            provider.to_string(),
            in_0g(model.price_per_mtoken),
            format!("{:.0}", model.tokens_per_sec.get()),
            model.root.to_string(),
        ]);
        json.push(json!({
            "name": model.name, "root": model.root, "provider": provider,
            "price_per_mtoken": shown(model.price_per_mtoken),
            "price_per_mtoken_wei": model.price_per_mtoken.0.to_string(),
            "tokens_per_sec": model.tokens_per_sec, "sequence_tokens_max": model.sequence_tokens_max,
        }));
    }
}

pub(super) async fn services(reader: &chain::Reader) -> Result<Vec<Service>, Trouble> {
    Ok(reader.view(Abi::getAllServicesCall {}).await?)
}

fn of_a_million(price: U256) -> Wei {
    Wei(price.saturating_mul(U256::from(1_000_000)))
}
