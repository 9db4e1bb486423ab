//! Waiting for the chain: for a result, and for the key that is paid for.

use crate::bank::{Bank, deliverable, money_of, root, standing};
use crate::config::Config;
use crate::home::{Record, standing_words};
use crate::trouble::{Kind, Money, Trouble};
use chain::{Cursor, Event, Seen, Standing};
use proto::{Root, Wei};
use std::time::Duration;

/// Reads the chain again and again, for so long.
pub(super) struct Waiting<'a> {
    bank: &'a Bank,
    poll: Duration,
    patience: Duration,
}

/// What the chain says of a result.
pub(super) struct Announced {
    pub(super) root: Root,
    pub(super) acknowledged: bool,
    settled: bool,
}

/// What came with the payment.
pub(super) struct Paid {
    pub(super) wrapped_key: Vec<u8>,
    pub(super) fee: Option<Wei>,
    pub(super) transactions: Vec<(String, String)>,
}

impl Announced {
    pub(super) fn money(&self, record: &Record) -> Money {
        match (self.settled, self.acknowledged) {
            (true, _) => Money::Said("the fee is paid".into()),
            (false, true) => money_of(
                Some(Standing::Acknowledged { blob: self.root }),
                record.fee_max(),
            ),
            (false, false) => Money::Said(
                "nothing was acknowledged and nothing is paid yet; the fee stays set aside".into(),
            ),
        }
    }
}

impl<'a> Waiting<'a> {
    pub(super) fn new(bank: &'a Bank, config: &Config, secs: u64) -> Self {
        Self {
            bank,
            poll: config.poll(),
            patience: Duration::from_secs(secs),
        }
    }

    pub(super) async fn for_result(&self, record: &Record) -> Result<Announced, Trouble> {
        let asked = async {
            loop {
                if let Some(found) = self.result(record).await? {
                    return Ok(found);
                }
                tokio::time::sleep(self.poll).await;
            }
        };
        let waited = tokio::time::timeout(self.patience, asked).await;
        waited.unwrap_or_else(|_late| {
            Err(
                Trouble::new(Kind::Unreachable, "the result is not delivered yet")
                    .money(Money::Reserved(record.fee_max()))
                    .next(format!("ft watch {}", record.task())),
            )
        })
    }

    async fn result(&self, record: &Record) -> Result<Option<Announced>, Trouble> {
        let (reader, order) = (self.bank.reader(), &record.signed.order);
        let now = standing(reader, order, record.provider()).await?;
        match now {
            None | Some(Standing::Open | Standing::Accepted) => Ok(None),
            Some(Standing::Released(_) | Standing::Withdrawn) => {
                let what = format!("there is no result: {}", standing_words(now));
                Err(Trouble::new(Kind::Ended, what)
                    .money(money_of(now, record.fee_max()))
                    .next("ft submit again, perhaps to another provider"))
            }
            Some(
                Standing::Delivered { .. } | Standing::Acknowledged { .. } | Standing::Settled,
            ) => {
                let found = deliverable(reader, order, record.provider()).await?;
                Ok(found.map(|found| Announced {
                    root: root(&found.modelRootHash),
                    acknowledged: found.acknowledged || found.settled,
                    settled: found.settled,
                }))
            }
        }
    }

    /// The key comes with the settlement, which the node sends once it has seen the acknowledgement.
    pub(super) async fn for_key(&self, record: &Record) -> Result<Paid, Trouble> {
        let asked = async {
            loop {
                if let Some(key) = self.key(record).await? {
                    return self.paid(record, key).await;
                }
                tokio::time::sleep(self.poll).await;
            }
        };
        let waited = tokio::time::timeout(self.patience, asked).await;
        waited.unwrap_or_else(|_late| {
            let words =
                "you have acknowledged; the provider has not settled and so has nothing yet";
            Err(Trouble::new(Kind::Unreachable, "the key has not come yet")
                .money(Money::Said(words.into()))
                .next(format!("ft get {}", record.task())))
        })
    }

    async fn key(&self, record: &Record) -> Result<Option<Vec<u8>>, Trouble> {
        let (reader, order) = (self.bank.reader(), &record.signed.order);
        let found = deliverable(reader, order, record.provider()).await?;
        let Some(found) = found.filter(|found| found.settled) else {
            return Ok(None);
        };
        if found.encryptedSecret.is_empty() {
            let what = "the provider settled without your acknowledgement, and so without the key";
            let words = "the penalty share of the fee is paid, and the rest is free again";
            return Err(Trouble::new(Kind::Ended, what)
                .money(Money::Said(words.into()))
                .next("ft account show"));
        }
        Ok(Some(found.encryptedSecret.to_vec()))
    }

    /// What it cost, by the contract's own event.
    async fn paid(&self, record: &Record, wrapped_key: Vec<u8>) -> Result<Paid, Trouble> {
        let mut paid = Paid {
            wrapped_key,
            fee: None,
            transactions: Vec::new(),
        };
        let task = record.task().to_string();
        let reader = self.bank.reader();
        let head = reader.final_head().await?.number;
        let mut follower = reader.follow(Cursor {
            next: record.first_block,
            last_hash: None,
        });
        while follower.cursor().next <= head && paid.fee.is_none() {
            let page = follower.next_page().await.map_err(chain::Failure::from)?;
            let Some(page) = page else {
                break;
            };
            for seen in page.events {
                paid.read(&task, &seen);
            }
        }
        Ok(paid)
    }
}

impl Paid {
    fn read(&mut self, task: &str, seen: &Seen) {
        if let Event::FeesSettled { id, fee, .. } = &seen.event
            && id == task
        {
            self.fee = Some(*fee);
            self.note("settle", &seen.transaction.to_string());
        }
        if let Event::DeliverableAdded { id, .. } = &seen.event
            && id == task
        {
            self.note("deliver", &seen.transaction.to_string());
        }
    }

    fn note(&mut self, what: &str, hash: &str) {
        self.transactions.push((what.to_owned(), hash.to_owned()));
    }
}
