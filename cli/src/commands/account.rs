//! `ft account`: a wallet, an account, and what lies where.

use crate::amount::{Amount, in_0g, shown};
use crate::answer::{Answer, table};
use crate::args::{Account, Create};
use crate::bank::{Bank, Hash, at_provider};
use crate::context::Context;
use crate::desk::CallerKey;
use crate::keys;
use crate::trouble::{Kind, Money, Trouble};
use chain::Wallet;
use chain::bindings::Market as Abi;
use proto::{Address, U256, Wei};
use serde_json::{Value, json};

/// More providers than anybody has money at.
const ACCOUNTS_MAX: u64 = 50;

pub(super) async fn run(context: &Context, verb: &Account) -> Result<Answer, Trouble> {
    match verb {
        Account::New(args) => new(context, args),
        Account::Add(amount) => add(context, amount.amount).await,
        Account::Show => show(context).await,
        Account::Deposit(amount) => deposit(context, amount.amount).await,
        Account::Withdraw(amount) => withdraw(context, amount.amount).await,
    }
}

fn new(context: &Context, args: &Create) -> Result<Answer, Trouble> {
    let path = match &args.key {
        Some(path) => path.clone(),
        None => context.config()?.account.key,
    };
    let wallet = if args.raw {
        Wallet::create_raw(&path)?
    } else {
        let file = context.password_file.as_deref();
        let password = keys::new_password(context, file)?;
        let slow = context.voice.wait("sealing the new wallet");
        let wallet = Wallet::create(&path, &password);
        slow.finish_and_clear();
        wallet?
    };
    let address = wallet.address();
    let text = format!(
        "{address}\nthe wallet is in {}; keep a copy of it\nnext: send it some 0G, then: ft account add 5",
        path.display()
    );
    Ok(Answer::new(
        text,
        json!({ "address": address, "key": path }),
    ))
}

pub(super) async fn add(context: &Context, amount: Amount) -> Result<Answer, Trouble> {
    let bank = bank(context)?.await?;
    if bank.holdings().await?.is_some() {
        let what = format!("{} has an account already", bank.address());
        return Err(Trouble::new(Kind::Refused, what)
            .money(Money::NotMoved)
            .next("ft account deposit AMOUNT"));
    }
    confirm(context, "opens your account with", amount.0)?;
    let outcome = bank.customer.open_account(amount.0).await?;
    let hash = bank.done("opening the account", outcome).await?;
    told(&bank, "opened with", amount.0, &hash).await
}

pub(super) async fn deposit(context: &Context, amount: Amount) -> Result<Answer, Trouble> {
    let bank = bank(context)?.await?;
    need_account(&bank).await?;
    confirm(
        context,
        "moves from your wallet into your account:",
        amount.0,
    )?;
    let outcome = bank.customer.deposit(amount.0).await?;
    let hash = bank.done("depositing", outcome).await?;
    told(&bank, "deposited", amount.0, &hash).await
}

/// What lies at providers comes back first where the account alone does not hold enough.
async fn withdraw(context: &Context, amount: Amount) -> Result<Answer, Trouble> {
    let bank = bank(context)?.await?;
    let available = need_account(&bank).await?;
    confirm(context, "moves from your account to your wallet:", amount.0)?;
    if available < amount.0 {
        return collect(&bank, available, amount.0).await;
    }
    let outcome = bank.customer.refund(amount.0).await?;
    let hash = bank.done("withdrawing", outcome).await?;
    told(&bank, "withdrawn", amount.0, &hash).await
}

async fn collect(bank: &Bank, available: Wei, wanted: Wei) -> Result<Answer, Trouble> {
    let mut asked = Vec::new();
    for (provider, there) in sub_accounts(bank).await? {
        if there.free() > Wei::ZERO || there.pending > Wei::ZERO {
            let outcome = bank.customer.retrieve(provider).await?;
            bank.done("asking a provider's sub-account for your money", outcome)
                .await?;
            asked.push(provider);
        }
    }
    let held = bank
        .holdings()
        .await?
        .map_or(available, |held| held.available);
    if held >= wanted {
        let outcome = bank.customer.refund(wanted).await?;
        let hash = bank.done("withdrawing", outcome).await?;
        return told(bank, "withdrawn", wanted, &hash).await;
    }
    let what = format!(
        "your account has {} free, not {}",
        shown(held),
        shown(wanted)
    );
    let trouble = Trouble::new(Kind::Refused, what);
    if asked.is_empty() {
        return Err(trouble.money(Money::NotMoved).next("ft account show"));
    }
    let words = "none to the wallet; the rest was asked back from your providers and comes when the contract's lock time is over";
    Err(trouble
        .money(Money::Said(words.into()))
        .next("the same command after the lock time; ft account show tells"))
}

async fn show(context: &Context) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let caller = CallerKey::open(&match &config.node.caller_key {
        Some(path) => path.clone(),
        None => context.home(&config)?.caller_key(),
    })?;
    let bank = bank(context)?.await?;
    let (_, encryption) = keys::encryption(&config, &keys::wallet(context, &config)?)?;
    let encryption = format!("0x{}", hex::encode(encryption.to_bytes()));
    let held = bank.holdings().await?;
    let accounts = sub_accounts(&bank).await?;
    let (available, total) = held.map_or((Wei::ZERO, Wei::ZERO), |h| (h.available, h.total));
    let mut text = format!(
        "address     {}\nencryption  {encryption}\ncaller      {}\naccount     {} free of {}",
        bank.address(),
        caller.digest(),
        shown(available),
        shown(total),
    );
    let rows: Vec<_> = accounts
        .iter()
        .map(|(provider, there)| {
            let amounts = [there.free(), there.reserved, there.pending].map(in_0g);
            let [free, reserved, pending] = amounts;
            [provider.to_string(), free, reserved, pending]
        })
        .collect();
    if held.is_none() {
        text.push_str("\nnext: ft account add AMOUNT");
    }
    if !rows.is_empty() {
        let titles = ["provider", "free 0G", "set aside", "coming back"];
        text = format!("{text}\n\n{}", table(titles, &rows));
    }
    let json = json!({
        "address": bank.address(), "encryption_key": encryption, "caller": caller.digest(),
        "available_wei": available.0.to_string(), "total_wei": total.0.to_string(),
        "providers": accounts.iter().map(|(provider, there)| json!({
            "provider": provider, "balance_wei": there.balance.0.to_string(),
            "free_wei": there.free().0.to_string(), "reserved_wei": there.reserved.0.to_string(),
            "pending_wei": there.pending.0.to_string(),
        })).collect::<Vec<Value>>(),
    });
    Ok(Answer::new(text, json))
}

async fn sub_accounts(bank: &Bank) -> Result<Vec<(Address, crate::bank::AtProvider)>, Trouble> {
    let call = Abi::getAccountsByUserCall {
        user: bank.address(),
        offset: U256::ZERO,
        limit: U256::from(ACCOUNTS_MAX),
    };
    let found = bank.reader().view(call).await?;
    let mut accounts = Vec::new();
    for account in found.accounts {
        let there = at_provider(bank.reader(), bank.address(), account.provider).await?;
        accounts.push((account.provider, there));
    }
    Ok(accounts)
}

fn bank(context: &Context) -> Result<impl Future<Output = Result<Bank, Trouble>>, Trouble> {
    let config = context.config()?;
    let wallet = keys::wallet(context, &config)?;
    let voice = context.voice;
    Ok(async move { Bank::open(&config, wallet, voice).await })
}

async fn need_account(bank: &Bank) -> Result<Wei, Trouble> {
    let none = || {
        let what = format!("{} has no account", bank.address());
        Trouble::new(Kind::Refused, what)
            .money(Money::NotMoved)
            .next("ft account add AMOUNT")
    };
    Ok(bank.holdings().await?.ok_or_else(none)?.available)
}

fn confirm(context: &Context, does: &str, amount: Wei) -> Result<(), Trouble> {
    context
        .voice
        .confirm(&format!("This {does} {}.", shown(amount)))
}

async fn told(bank: &Bank, done: &str, amount: Wei, hash: &Hash) -> Result<Answer, Trouble> {
    let held = bank
        .holdings()
        .await?
        .map_or(Wei::ZERO, |held| held.available);
    let text = format!(
        "{done} {}\nyour account has {} free\ntransaction {hash}",
        shown(amount),
        shown(held)
    );
    let json = json!({
        "address": bank.address(), "amount_wei": amount.0.to_string(),
        "available_wei": held.0.to_string(), "transaction": hash,
    });
    Ok(Answer::new(text, json))
}
