//! `ft get`: a result downloaded, checked, acknowledged, opened and unpacked, in this order.
//!
//! ```text
//!  delivered ─▶ fetched, root checked ─▶ the machine's signature checked ─▶ acknowledged
//!                                                                             │ the fee is due
//!     at its final name ◀─ unpacked ◀─ opened ◀─ the key unwrapped ◀─ settled ┘
//! ```
//!
//! Nothing is acknowledged that the machine did not sign, and nothing is at its final name
//! before every byte was authentic.

mod open;
mod wait;

use crate::amount::shown;
use crate::answer::Answer;
use crate::args::Get;
use crate::bank::{Bank, result_signer};
use crate::config::Config;
use crate::context::Context;
use crate::home::{Home, Record, cannot};
use crate::keys;
use crate::receipt::{Delivered, digests};
use crate::shelf::Shelf;
use crate::trouble::{Kind, Money, Trouble};
use attestation::sealing::{OpeningKey, SignedTags, check_artefact};
use proto::{Address, Digest, Root, Signature};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use wait::Waiting;

pub(super) async fn run(context: &Context, args: &Get) -> Result<Answer, Trouble> {
    let config = context.config()?;
    let home = context.home(&config)?;
    let record = home.record(&args.task)?;
    let out = out(args, &record)?;
    let wallet = keys::wallet(context, &config)?;
    let (opens, _named) = keys::encryption(&config, &wallet)?;
    let bank = Bank::open(&config, wallet, context.voice).await?;
    let getting = Getting {
        context,
        config: &config,
        home: &home,
        bank: &bank,
        waiting: Waiting::new(&bank, &config, args.wait_secs),
    };
    getting.get(record, &opens, &out).await
}

struct Getting<'a> {
    context: &'a Context,
    config: &'a Config,
    home: &'a Home,
    bank: &'a Bank,
    waiting: Waiting<'a>,
}

/// A result as it lies in her own folder, still sealed.
struct Sealed {
    root: Root,
    path: PathBuf,
    signer: Address,
    tags: SignedTags,
}

impl Getting<'_> {
    async fn get(
        &self,
        mut record: Record,
        opens: &OpeningKey,
        out: &Path,
    ) -> Result<Answer, Trouble> {
        let delivered = self.waiting.for_result(&record).await?;
        let sealed = self
            .fetch(&record, delivered.root)
            .await
            .map_err(|trouble| {
                trouble.or(
                    delivered.money(&record),
                    &format!(
                        "ft get {}; or let the deadline pass and ft cancel it",
                        record.task()
                    ),
                )
            })?;
        if !delivered.acknowledged {
            self.acknowledge(&mut record).await?;
        }
        let paid = self.waiting.for_key(&record).await?;
        for (what, hash) in paid.transactions {
            if !record.transactions.iter().any(|(_, known)| *known == hash) {
                record.note(&what, hash);
            }
        }
        self.home.keep(&record)?;
        open::open(opens, record.task(), &paid.wrapped_key, &sealed, out).map_err(|trouble| {
            trouble.or(
                Money::Said(
                    "the fee is paid; the sealed result and the wrapped key are kept".into(),
                ),
                "ft receipt, and show it to the contract's owner with the provider's name",
            )
        })?;
        let result = Delivered {
            root: sealed.root,
            tags: Digest(sealed.tags.summary.tags.0),
            signature: Signature::try_from(sealed.tags.signature.0.as_slice())
                .map_err(|_form| not_signed("the signature has another form"))?,
            fee: paid.fee,
            files: digests(out)?,
        };
        self.home.keep_result(record.task(), &result)?;
        Ok(told(&record, &result, out))
    }

    /// Downloads, compares with the root, and checks who signed, without a key.
    async fn fetch(&self, record: &Record, root: Root) -> Result<Sealed, Trouble> {
        let order = &record.signed.order;
        let places = Shelf::open(self.config, self.home)?;
        let path = places.fetch(root, self.context.voice).await?;
        let signer = result_signer(self.bank.reader(), order, record.provider()).await?;
        if signer != record.machine.signer {
            let what = format!(
                "the result is to be signed by {signer}, but your data was sealed to the machine {}",
                record.machine.signer
            );
            return Err(not_signed(&what));
        }
        let file = File::open(&path).map_err(|error| cannot("open", &path, &error))?;
        let tags = check_artefact(signer, file).map_err(|error| {
            not_signed(&format!(
                "the result is not what the machine signed: {error}"
            ))
        })?;
        Ok(Sealed {
            root,
            path,
            signer,
            tags,
        })
    }

    async fn acknowledge(&self, record: &mut Record) -> Result<(), Trouble> {
        let task = record.task();
        self.context.voice.confirm(&format!(
            "The result of {task} is here, and the machine's signature on it holds.\n\
             Acknowledging pays the provider at most {} and brings you its key.",
            shown(record.fee_max())
        ))?;
        let provider = record.provider();
        let sent = self
            .bank
            .customer
            .acknowledge(provider, &task.to_string())
            .await;
        let again = format!("ft get {task}");
        let sent = sent.map_err(|failure| {
            Trouble::from(failure).or(Money::Reserved(record.fee_max()), &again)
        })?;
        let hash = self.bank.done("acknowledging", sent).await?;
        record.note("acknowledge", hash);
        self.home.keep(record)
    }
}

/// A folder that is not there yet.
fn out(args: &Get, record: &Record) -> Result<PathBuf, Trouble> {
    let short: String = record.task().to_string().chars().skip(2).take(8).collect();
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| format!("adapter-{short}").into());
    if out.exists() {
        let what = format!(
            "{} is there already, and nothing is written over",
            out.display()
        );
        return Err(Trouble::new(Kind::Input, what)
            .money(Money::NotMoved)
            .next(format!("ft get {} --out ANOTHER-FOLDER", record.task())));
    }
    std::path::absolute(&out).map_err(|error| cannot("use", &out, &error))
}

fn not_signed(what: &str) -> Trouble {
    Trouble::new(Kind::NotAsPromised, what)
}

fn told(record: &Record, result: &Delivered, out: &Path) -> Answer {
    let task = record.task();
    let fee = result.fee.map_or("not known".into(), shown);
    let figures = figures(out);
    let evaluation = match (
        &figures["eval_before"]["loss"],
        &figures["eval_after"]["loss"],
    ) {
        (Value::Number(before), Value::Number(after)) => {
            format!("\nheld-out loss {before} before, {after} after")
        }
        _not_evaluated => String::new(),
    };
    let text = format!(
        "the adapter is in {}\npaid {fee}{evaluation}\nnext: ft receipt {task} --out receipt.json",
        out.display()
    );
    let json = json!({
        "task": task, "adapter": out, "fee_wei": result.fee.map(|fee| fee.0.to_string()),
        "root": result.root, "files": result.files, "transactions": record.transactions,
        "eval_before": figures["eval_before"], "eval_after": figures["eval_after"],
    });
    Answer::new(text, json)
}

/// The run's own figures, where the result has them.
fn figures(out: &Path) -> Value {
    let text = fs::read(out.join("training.json")).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}
