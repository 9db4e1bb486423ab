//! `ft submit`: data sealed to a verified machine, an order said in words, signed and sent.

mod plan;

use super::verify::verified;
use crate::answer::Answer;
use crate::args::Submit;
use crate::bank::{Bank, standing};
use crate::context::Context;
use crate::desk::Desk;
use crate::home::{Home, Machine, Record};
use crate::judge::Judged;
use crate::keys;
use crate::shelf::Shelf;
use crate::trouble::{Kind, Money, Trouble};
use crate::weigh::{look, read_recipe};
use chain::Mode;
use plan::{missing, plan};
use proto::{Blob, Submission, Wei};
use recipe::Recipe;
use serde_json::json;

pub(super) async fn run(context: &Context, args: &Submit) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let recipe = read_recipe(Some(&args.recipe))?;
    check_lines(args, &recipe)?;
    let wallet = keys::wallet(context, &config)?;
    let (_opens, encryption_key) = keys::encryption(&config, &wallet)?;
    let bank = Bank::open(&config, wallet, context.voice).await?;
    let known = home.last_verdict(args.provider);
    let (mut node, demand, judged) = verified(&config, &home, bank.reader(), args.provider).await?;
    say_machine(context, &judged, known.as_ref());
    let offer = node.about().await?.offer;
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
    let mut desk = Desk::beside(node, &config)?;
    hand_in(&home, &bank, &mut desk, &mut record).await
}

pub(super) async fn resend(context: &Context, task: &str) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let mut record = home.record(task)?;
    let bank = Bank::open(&config, keys::wallet(context, &config)?, context.voice).await?;
    let (node, _demand, judged) =
        verified(&config, &home, bank.reader(), record.provider()).await?;
    if judged.machine.signer != record.machine.signer {
        let what = "the provider has another machine now, which cannot open what was sealed for this order";
        return Err(Trouble::new(Kind::NotTrusted, what)
            .money(Money::NotMoved)
            .next(format!("ft cancel {}", record.task())));
    }
    let mut desk = Desk::beside(node, &config)?;
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
        None => Ok(taken(record, desk)),
        Some(refusal) => {
            let what = format!("{} refuses the order: {refusal}", desk.name());
            Err(Trouble::new(Kind::Refused, what)
                .money(reserved())
                .next(format!("ft cancel {task}")))
        }
    }
}

fn taken(record: &Record, desk: &Desk) -> Answer {
    let task = record.task();
    let text = format!(
        "{task}\n{} has taken the order\nnext: ft watch {task}",
        desk.name()
    );
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
