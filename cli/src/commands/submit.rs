//! `ft submit`: data sealed to a verified machine, an order said in words, signed and sent.

use super::verify::verified;
use crate::amount::shown;
use crate::answer::Answer;
use crate::args::Submit;
use crate::bank::{Bank, standing};
use crate::context::Context;
use crate::desk::Desk;
use crate::home::{Home, Machine, Record};
use crate::judge::{Demand, Judged};
use crate::keys;
use crate::shelf::Shelf;
use crate::surroundings;
use crate::trouble::{Kind, Money, Trouble};
use crate::weigh::{Weight, look, read_recipe, weigh};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chain::Mode;
use proto::node::{DispatchReply, ModelOffer, Offer};
use proto::{Blob, EncryptionKey, Order, Provider, Root, SignedOrder, Submission, Tier, U256, Wei};
use recipe::Recipe;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;

const HOUR: u64 = 3_600;
/// The contract moves no less to a provider at once.
const TRANSFER_LEAST: u64 = 1_000_000_000_000_000_000;

/// All that an order follows from.
struct Plan<'a> {
    args: &'a Submit,
    recipe: Recipe,
    model: ModelOffer,
    weight: Option<Weight>,
    fee_max: Wei,
}

pub(super) async fn run(context: &Context, args: &Submit) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let recipe = read_recipe(Some(&args.recipe))?;
    check_lines(args, &recipe)?;
    let wallet = keys::wallet(context, &config)?;
    let (_opens, encryption_key) = keys::encryption(&config, &wallet)?;
    let bank = Bank::open(&config, wallet, context.voice).await?;
    let known = home.last_verdict(args.provider);
    let (mut desk, demand, judged) = verified(&config, &home, bank.reader(), args.provider).await?;
    say_machine(context, &judged, known.as_ref());
    let offer = desk.about().await?.offer;
    let plan = plan(context, args, recipe, &offer, &config.trainer)?;
    let missing = missing(&bank, &plan).await?;
    let shelf = Shelf::open(&config, &home)?;
    let attested = &judged.attested;
    let dataset = shelf
        .put_sealed(&args.data, attested, bank.address(), context.voice)
        .await?;
    let tier = args.tier.unwrap_or(attested.tier());
    let order = plan.order(&bank, dataset, encryption_key, tier).await?;
    context.voice.confirm(&plan.words(&order, missing))?;
    let first_block = bank.reader().final_head().await?.number;
    let mut record = plan.record(&demand, &judged, bank.sign_order(order)?, first_block);
    // From here on nothing is lost: `ft resend` goes on.
    home.keep(&record)?;
    if missing > Wei::ZERO {
        let hash = bank.cover(missing, args.provider).await?;
        record.note("fund", hash);
        home.keep(&record)?;
    }
    hand_in(&home, &bank, &mut desk, &mut record).await
}

pub(super) async fn resend(context: &Context, task: &str) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let mut record = home.record(task)?;
    let bank = Bank::open(&config, keys::wallet(context, &config)?, context.voice).await?;
    let (mut desk, _demand, judged) =
        verified(&config, &home, bank.reader(), record.provider()).await?;
    if judged.machine.signer != record.machine.signer {
        let what = "the provider has another machine now, which cannot open what was sealed for this order";
        return Err(Trouble::new(Kind::NotTrusted, what)
            .money(Money::NotMoved)
            .next(format!("ft cancel {}", record.task())));
    }
    hand_in(&home, &bank, &mut desk, &mut record).await
}

/// Opens the order on chain and hands it in; each step is left out where it is done already.
async fn hand_in(
    home: &Home,
    bank: &Bank,
    desk: &mut Desk,
    record: &mut Record,
) -> Result<Answer, Trouble> {
    let task = record.task();
    let again = format!("ft resend {task}");
    let order = &record.signed.order;
    let on_chain = standing(bank.reader(), order, record.provider()).await?;
    if on_chain.is_none() && bank.reader().mode() == Mode::Full {
        let opened = bank.customer.open_order(&record.signed).await;
        let opened =
            opened.map_err(|failure| Trouble::from(failure).or(Money::NotMoved, &again))?;
        let hash = bank.done("the order opens on chain", opened).await?;
        record.note("open", hash);
        home.keep(record)?;
    }
    let submission = Submission {
        order: record.signed.clone(),
        recipe: Blob::new(record.recipe.clone().into_bytes())
            .map_err(|_long| Trouble::new(Kind::Input, "the recipe is too long to be sent"))?,
    };
    let reserved = || match bank.reader().mode() {
        Mode::Full => Money::Reserved(record.fee_max()),
        Mode::Base => Money::NotMoved,
    };
    let reply = desk.submit(submission).await;
    match reply.map_err(|trouble| trouble.or(reserved(), &again))? {
        DispatchReply::Taken(_status) => Ok(taken(record)),
        DispatchReply::Refused(refusal) => Err(Trouble::new(
            Kind::Refused,
            format!("the node refuses the order: {refusal}"),
        )
        .money(reserved())
        .next(format!("ft cancel {task}"))),
    }
}

fn taken(record: &Record) -> Answer {
    let task = record.task();
    let text = format!("{task}\nthe node has taken the order\nnext: ft watch {task}");
    let json = json!({
        "task": task, "provider": record.provider(), "fee_max_wei": record.fee_max().0.to_string(),
        "dataset": record.signed.order.dataset, "transactions": record.transactions,
    });
    Answer::new(text, json)
}

fn check_lines(args: &Submit, recipe: &Recipe) -> Result<(), Trouble> {
    let survey = look(&args.data)?;
    if survey.bad > recipe.bad_lines_max || survey.lines == survey.blank {
        let what = format!(
            "{} of {} lines of the data are bad",
            survey.bad, survey.lines
        );
        return Err(Trouble::new(Kind::Input, what)
            .money(Money::NotMoved)
            .next(format!("ft data check {}", args.data.display())));
    }
    Ok(())
}

fn say_machine(context: &Context, judged: &Judged, before: Option<&Machine>) {
    let machine = &judged.machine;
    let line = format!(
        "verified: image {}, vouched for by {}",
        machine.image, machine.domain
    );
    context.voice.say(&line);
    if before.is_some_and(|before| before.signer != machine.signer) {
        context
            .voice
            .say("note: this is another machine than at your last verdict on this provider");
    }
}

fn plan<'a>(
    context: &Context,
    args: &'a Submit,
    recipe: Recipe,
    offer: &Offer,
    trainer: &crate::config::TrainerSection,
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
async fn missing(bank: &Bank, plan: &Plan<'_>) -> Result<Wei, Trouble> {
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
    async fn order(
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
    fn words(&self, order: &Order, missing: Wei) -> String {
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
             you get     at least {} if the provider promises and does not deliver\n  order       {}",
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

    fn record(
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
