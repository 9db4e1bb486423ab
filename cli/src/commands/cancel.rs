//! `ft cancel`: an order taken back, as far as that is possible now.

use crate::amount::shown;
use crate::answer::Answer;
use crate::args::Cancel;
use crate::bank::{Bank, money_of, standing};
use crate::config::Config;
use crate::context::Context;
use crate::desk::Desk;
use crate::home::{Home, Record};
use crate::keys;
use crate::trouble::{Kind, Money, Trouble};
use chain::bindings::Market as Abi;
use chain::{Mode, Standing};
use proto::{Action, Wei};
use serde_json::json;

pub(super) async fn run(context: &Context, args: &Cancel) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let mut record = home.record(&args.task)?;
    let bank = Bank::open(&config, keys::wallet(context, &config)?, context.voice).await?;
    let now = standing(bank.reader(), &record.signed.order, record.provider()).await?;
    match now {
        None if bank.reader().mode() == Mode::Base => {
            ask_node(&config, &home, &bank, &record).await
        }
        None => void(&bank, &home, &mut record).await,
        Some(Standing::Open) => withdraw(&bank, &home, &mut record).await,
        Some(Standing::Accepted) => accepted(&config, &home, &bank, &mut record).await,
        Some(over) => {
            let what = format!(
                "too late: the task is {}",
                crate::home::standing_words(Some(over))
            );
            Err(Trouble::new(Kind::Refused, what)
                .money(money_of(now, record.fee_max()))
                .next(format!("ft get {}", record.task())))
        }
    }
}

/// Nobody has it: its nonce is spoilt, so that it can never open.
async fn void(bank: &Bank, home: &Home, record: &mut Record) -> Result<Answer, Trouble> {
    let nonce = record.signed.order.nonce;
    let outcome = bank.customer.cancel_nonce(nonce).await?;
    let hash = bank.done("the order is made void", outcome).await?;
    record.note("void", hash);
    home.keep(record)?;
    Ok(done(
        record,
        "the order can never open; no money was set aside for it",
    ))
}

async fn withdraw(bank: &Bank, home: &Home, record: &mut Record) -> Result<Answer, Trouble> {
    let outcome = bank.customer.withdraw_order(record.task()).await?;
    let hash = bank.done("the order is taken back", outcome).await?;
    record.note("withdraw", hash);
    home.keep(record)?;
    let words = format!(
        "the order is taken back; {} are free again at the provider",
        shown(record.fee_max())
    );
    Ok(done(record, &words))
}

/// A provider that promised is asked; one that is silent past the deadline is not needed.
async fn accepted(
    config: &Config,
    home: &Home,
    bank: &Bank,
    record: &mut Record,
) -> Result<Answer, Trouble> {
    let order_id = record.task().0.into();
    let due = bank
        .reader()
        .view(Abi::reclaimableAtCall { orderId: order_id })
        .await?;
    let now = bank.reader().time().await?;
    if due.saturating_to::<u64>() > now {
        return ask_node(config, home, bank, record)
            .await
            .map_err(|trouble| {
                let left = due.saturating_to::<u64>().saturating_sub(now);
                let next = format!(
                    "ft cancel {} in {left} s, when the deadline is over",
                    record.task()
                );
                trouble.money(Money::Reserved(record.fee_max())).next(next)
            });
    }
    let outcome = bank.customer.reclaim_order(record.task()).await?;
    let hash = bank.done("the money comes back", outcome).await?;
    record.note("reclaim", hash);
    home.keep(record)?;
    let compensation = claim(bank, home, record).await?;
    let words = format!(
        "the provider missed the deadline; {} are free again, and {} of its bond are in your wallet",
        shown(record.fee_max()),
        shown(compensation)
    );
    Ok(done(record, &words))
}

/// Collects what the provider's bond owes.
async fn claim(bank: &Bank, home: &Home, record: &mut Record) -> Result<Wei, Trouble> {
    let owed = Wei(bank.reader().claimable(bank.address()).await?);
    if owed > Wei::ZERO {
        let outcome = bank.customer.claim().await?;
        let hash = bank.done("the compensation comes", outcome).await?;
        record.note("claim", hash);
        home.keep(record)?;
    }
    Ok(owed)
}

async fn ask_node(
    config: &Config,
    home: &Home,
    bank: &Bank,
    record: &Record,
) -> Result<Answer, Trouble> {
    let permit = bank.permit(Action::Cancel, record.task()).await?;
    let mut desk = Desk::of(record.provider(), bank.reader(), home, config).await?;
    desk.cancel(record.task(), permit).await?;
    let words = "the node stops and gives the order back; your money is free again when the chain says so: ft list --all";
    Ok(done(record, words))
}

fn done(record: &Record, words: &str) -> Answer {
    let json =
        json!({ "task": record.task(), "cancelled": words, "transactions": record.transactions });
    Answer::new(words, json)
}
