//! `ft verify`: is this provider's machine what it says?

use crate::answer::Answer;
use crate::args::Verify;
use crate::bank;
use crate::config::Config;
use crate::context::Context;
use crate::desk::Node;
use crate::home::Home;
use crate::judge::{Demand, Judged, judge_node, remember};
use crate::trouble::{Kind, Money, Trouble};
use chain::Reader;
use proto::Address;
use serde_json::json;

pub(super) async fn run(context: &Context, args: &Verify) -> Result<Answer, Trouble> {
    let mut config = context.config()?;
    if let Some(policy) = &args.policy {
        config.trust.policy = Some(policy.clone());
    }
    let home = context.home(&config)?;
    let reader = bank::reader(&config).await?;
    let before = home.last_verdict(args.provider);
    let (_node, _demand, judged) = verified(&config, &home, &reader, args.provider).await?;
    let machine = &judged.machine;
    let alive = if judged.challenged {
        "It made a fresh hardware report over a nonce of ours a moment ago."
    } else {
        "Its device was busy: no fresh hardware report. The attested key signed a nonce of ours."
    };
    let same = match &before {
        None => "This is the first verdict on this provider.",
        Some(before) if before.signer == machine.signer => "It is the machine of the last verdict.",
        Some(_) => "It is ANOTHER machine than at the last verdict: a new image, chip or key.",
    };
    let text = format!(
        "{}\n\n{alive}\n{same}\nThis connection is with the machine, and the chain names its key {}.\nnext: ft submit RECIPE.yaml --data FILE --provider {}",
        judged.words, machine.signer, args.provider
    );
    let json = json!({
        "accepted": true, "machine": machine, "challenged": judged.challenged,
        "same_as_before": before.map(|before| before.signer == machine.signer),
        "evidence": home.evidence(args.provider),
    });
    Ok(Answer::new(text, json))
}

/// A connection with a machine that passed every check, the chain's word on its key among them.
pub(super) async fn verified(
    config: &Config,
    home: &Home,
    reader: &Reader,
    provider: Address,
) -> Result<(Node, Demand, Judged), Trouble> {
    let demand = Demand::of(config)?;
    let service = match reader.service(provider).await {
        Err(chain::RpcError::Reverted(_)) => {
            let what = format!("{provider} offers nothing at this contract");
            return Err(Trouble::new(Kind::Refused, what)
                .money(Money::NotMoved)
                .next("ft providers"));
        }
        known => known?,
    };
    let url = Node::url_of(provider, reader, config).await?;
    let mut node = Node::open(&url, home, config).await?;
    let judged = judge_node(&mut node, &demand, provider).await?;
    if judged.machine.signer != service.teeSignerAddress {
        let what = format!(
            "the machine's key is {}, but the provider registered {} on chain: results of this machine would not be paid, nor opened",
            judged.machine.signer, service.teeSignerAddress
        );
        return Err(Trouble::new(Kind::NotTrusted, what)
            .money(Money::NotMoved)
            .next("another provider (ft providers), or later: the provider may be registering"));
    }
    remember(home, &judged)?;
    Ok((node, demand, judged))
}
