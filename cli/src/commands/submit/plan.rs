//! The plan: all that an order follows from, and the words for it.

use crate::amount::shown;
use crate::args::Submit;
use crate::bank::Bank;
use crate::config::TrainerSection;
use crate::context::Context;
use crate::home::Record;
use crate::judge::{Demand, Judged};
use crate::surroundings;
use crate::trouble::{Kind, Money, Trouble};
use crate::weigh::{Weight, weigh};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::node::{ModelOffer, Offer};
use proto::{EncryptionKey, Order, Provider, Root, SignedOrder, Tier, U256, Wei};
use recipe::Recipe;
use ring::rand::{SecureRandom, SystemRandom};

const HOUR: u64 = 3_600;
/// The contract moves no less to a provider at once.
const TRANSFER_LEAST: u64 = 1_000_000_000_000_000_000;

/// All that an order follows from.
pub(super) struct Plan<'a> {
    args: &'a Submit,
    recipe: Recipe,
    model: ModelOffer,
    weight: Option<Weight>,
    fee_max: Wei,
}

pub(super) fn plan<'a>(
    context: &Context,
    args: &'a Submit,
    recipe: Recipe,
    offer: &Offer,
    trainer: &TrainerSection,
) -> Result<Plan<'a>, Trouble> {
    let model = model(args, &recipe, offer)?;
    let weight = match &args.model_dir {
        Some(folder) => Some(weigh(trainer, folder, &args.data, &recipe)?),
        None => None,
    };
    let price = model.price_per_mtoken.0.div_ceil(U256::from(1_000_000));
    let reckoned = weight.as_ref().and_then(|weight| weight.fee(price));
    let Some(fee_max) = args.fee_max.map(|amount| amount.0).or(reckoned) else {
        let what = "what it costs is not known without the model's tokenizer";
        return Err(Trouble::new(Kind::Input, what)
            .money(Money::NotMoved)
            .next("the same command with --model-dir FOLDER, or with --fee-max AMOUNT"));
    };
    if let Some(reckoned) = reckoned.filter(|reckoned| *reckoned > fee_max) {
        context.voice.say(&format!(
            "note: by this machine's count it costs {}, more than your --fee-max",
            shown(reckoned)
        ));
    }
    Ok(Plan {
        args,
        recipe,
        model,
        weight,
        fee_max,
    })
}

/// By name or by root.
fn model(args: &Submit, recipe: &Recipe, offer: &Offer) -> Result<ModelOffer, Trouble> {
    let named = args.model.as_deref().or(recipe.base_model.as_deref());
    let named = named.ok_or_else(|| {
        Trouble::new(
            Kind::Input,
            "neither the recipe nor --model names a base model",
        )
        .next("ft models")
    })?;
    let root: Option<Root> = named.parse().ok();
    let is_it = |model: &&ModelOffer| Some(model.root) == root || &*model.name == named;
    let found = offer.models.iter().find(is_it).cloned();
    found.ok_or_else(|| {
        let what = format!("this provider does not offer {named:?}");
        Trouble::new(Kind::Refused, what)
            .money(Money::NotMoved)
            .next(format!("ft models {}", args.provider))
    })
}

/// What has to move to the provider's sub-account first.
pub(super) async fn missing(bank: &Bank, plan: &Plan<'_>) -> Result<Wei, Trouble> {
    let free = bank.at(plan.args.provider).await?.free();
    let Some(missing) = plan.fee_max.checked_sub(free).filter(|m| *m > Wei::ZERO) else {
        return Ok(Wei::ZERO);
    };
    let moved = missing.max(Wei::from(TRANSFER_LEAST));
    let available = bank.holdings().await?.map(|held| held.available);
    if available.is_some_and(|available| available >= moved) {
        return Ok(moved);
    }
    let what = format!(
        "this needs {} in your account, which has {}",
        shown(moved),
        available.map_or("none: there is no account".into(), shown)
    );
    let next = match available {
        None => "ft account add AMOUNT",
        Some(_) => "ft account deposit AMOUNT",
    };
    Err(Trouble::new(Kind::Refused, what)
        .money(Money::NotMoved)
        .next(next))
}

impl Plan<'_> {
    pub(super) async fn order(
        &self,
        bank: &Bank,
        dataset: Root,
        encryption_key: EncryptionKey,
        tier: Tier,
    ) -> Result<Order, Trouble> {
        let args = self.args;
        let config = bank.reader().config();
        let now = bank.reader().time().await?;
        Ok(Order {
            chain_id: config.chain_id,
            contract: config.market,
            customer: bank.address(),
            provider: Provider::Only(args.provider),
            base_model: self.model.root,
            dataset,
            recipe: self.recipe.digest(),
            fee_max: self.fee_max,
            deadline: now.saturating_add(args.deadline_hours.saturating_mul(HOUR)),
            nonce: nonce()?,
            encryption_key,
            tier,
            ack_window_secs: args.ack_hours.saturating_mul(HOUR),
            penalty_bps: args.penalty_bps,
            compensation: args.compensation.0,
            resumable: false,
        })
    }

    /// What is about to be signed.
    pub(super) fn words(&self, order: &Order, missing: Wei) -> String {
        let args = self.args;
        let counted = self.weight.as_ref().map_or_else(String::new, |weight| {
            format!(
                "\n  work        {} steps, {} tokens to be paid",
                weight.steps,
                weight.trained_tokens()
            )
        });
        let moves = match missing {
            Wei::ZERO => String::new(),
            moved => format!(
                "\n  moves       {} from your account to your sub-account at the provider",
                shown(moved)
            ),
        };
        format!(
            "You are about to sign:\n  train       {} as {} says, on {}{counted}\n  provider    {}\n  \
             you pay     at most {}, set aside now and paid after you acknowledge{moves}\n  \
             silence     if you never acknowledge, {}.{:02} % of the fee is due {} h after delivery\n  \
             deadline    an order not delivered {} h from now gives the money back\n  \
             failing     if the provider promises and does not deliver, its bond owes you {}\n  order       {}",
            &*self.model.name,
            args.recipe.display(),
            args.data.display(),
            args.provider,
            shown(order.fee_max),
            order.penalty_bps / 100,
            order.penalty_bps % 100,
            args.ack_hours,
            args.deadline_hours,
            shown(order.compensation),
            order.id(),
        )
    }

    pub(super) fn record(
        &self,
        demand: &Demand,
        judged: &Judged,
        signed: SignedOrder,
        first_block: u64,
    ) -> Record {
        Record {
            signed,
            first_block,
            recipe: self.recipe.canonical(),
            machine: judged.machine.clone(),
            evidence: STANDARD.encode(judged.bundle.to_archive()),
            policy: demand.policy_text.clone(),
            name: self
                .args
                .recipe
                .file_stem()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            made_at: surroundings::now().0,
            transactions: Vec::new(),
        }
    }
}

fn nonce() -> Result<U256, Trouble> {
    let mut nonce = [0; 32];
    let filled = SystemRandom::new().fill(&mut nonce);
    filled.map_err(|_broken| Trouble::new(Kind::Machine, "the system has no randomness"))?;
    Ok(U256::from_be_bytes(nonce))
}
