//! What is kept of each order beside its facts: the signature, the recipe, and the price.
//!
//! Durable before the order is offered to the conductor, so that whatever the journal knows
//! of, the node can stage, seal and charge for. Content-addressed by the task, which is the
//! order's digest; a recipe is the one its order names.

use crate::admission::Price;
use crate::vault::{Kind, Name, Vault, VaultError};
use proto::{Digest, SignedOrder, TaskId, Wei};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An order as it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub signed: SignedOrder,
    /// The recipe's canonical JSON.
    pub recipe: Vec<u8>,
    /// The price of a token when it was taken: what is charged.
    price: Wei,
    /// More tokens than these are never trained for it.
    pub tokens_max: u64,
}

/// How much work an order is, once its data was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Tokens that are trained, over all epochs.
    pub tokens: u64,
    /// Optimiser steps.
    pub steps: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum BookError {
    #[error("cannot use the book of orders")]
    Vault(#[from] VaultError),
    #[error("a record in the book of orders cannot be read")]
    Unreadable(#[source] postcard::Error),
}

const DATA: &str = "data";
const ORDER: &str = "order";

/// The orders on disk, sealed to the enclave. Its calls block on the disk.
#[derive(Clone, Debug)]
pub struct Book(Arc<Vault>);

impl Taken {
    pub fn new(signed: SignedOrder, recipe: Vec<u8>, price: Price, tokens_max: u64) -> Self {
        Self {
            signed,
            recipe,
            price: price.0,
            tokens_max,
        }
    }

    pub const fn price(&self) -> Price {
        Price(self.price)
    }

    /// The fee of this work; nothing, if it is more than the order pays.
    pub fn fee(&self, work: Work) -> Option<Wei> {
        let fee = self.price().of(work.tokens)?;
        (fee <= self.signed.order.fee_max).then_some(fee)
    }
}

impl Book {
    pub fn new(vault: Arc<Vault>) -> Self {
        Self(vault)
    }

    /// Keeps an order; what was kept of it first stays, so that its price does.
    pub fn keep(&self, taken: &Taken) -> Result<(), BookError> {
        let name = order_name(taken.signed.order.id());
        if self.0.has(Kind::Record, &name) {
            return Ok(());
        }
        self.write(&name, taken)
    }

    pub fn find(&self, task: TaskId) -> Result<Option<Taken>, BookError> {
        self.read(&order_name(task))
    }

    /// Every order in the book.
    pub fn all(&self) -> Result<Vec<Taken>, BookError> {
        let names = self.0.list(Kind::Record)?;
        let orders = names.iter().filter(|name| name.as_str().starts_with(ORDER));
        // One that was forgotten meanwhile is in the book no more.
        orders
            .filter_map(|name| self.read(name).transpose())
            .collect()
    }

    /// Keeps how much work an order is.
    pub fn measured(&self, task: TaskId, work: Work) -> Result<(), BookError> {
        self.write(&work_name(task), &work)
    }

    pub fn work(&self, task: TaskId) -> Result<Option<Work>, BookError> {
        self.read(&work_name(task))
    }

    /// Keeps which opened dataset an order is trained on.
    pub fn staged(&self, task: TaskId, dataset: Digest) -> Result<(), BookError> {
        self.write(&data_name(task), &dataset)
    }

    pub fn dataset(&self, task: TaskId) -> Result<Option<Digest>, BookError> {
        self.read(&data_name(task))
    }

    /// Whether any order in the book is trained on this dataset.
    pub fn needs(&self, dataset: Digest) -> Result<bool, BookError> {
        for name in self.0.list(Kind::Record)? {
            let is_one = name.as_str().starts_with(DATA);
            if is_one && self.read::<Digest>(&name)? == Some(dataset) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Forgets all of an order that is closed for good.
    pub fn forget(&self, task: TaskId) -> Result<(), BookError> {
        self.0.remove(Kind::Record, &data_name(task))?;
        self.0.remove(Kind::Record, &work_name(task))?;
        Ok(self.0.remove(Kind::Record, &order_name(task))?)
    }

    fn write(&self, name: &Name, record: &impl Serialize) -> Result<(), BookError> {
        let bytes = postcard::to_stdvec(record).map_err(BookError::Unreadable)?;
        self.0.put(Kind::Record, name, bytes.as_slice())?;
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, name: &Name) -> Result<Option<T>, BookError> {
        let mut bytes = Vec::new();
        match self.0.get(Kind::Record, name, &mut bytes) {
            Ok(_count) => {}
            Err(VaultError::NotThere) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        postcard::from_bytes(&bytes)
            .map(Some)
            .map_err(BookError::Unreadable)
    }
}

fn order_name(task: TaskId) -> Name {
    named(ORDER, task)
}

fn work_name(task: TaskId) -> Name {
    named("work", task)
}

fn data_name(task: TaskId) -> Name {
    named(DATA, task)
}

fn named(what: &str, task: TaskId) -> Name {
    format!("{what}-{task}")
        .parse()
        .expect("a word and hexadecimal digits are a name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::VaultKey;
    use proto::{
        Address, EncryptionKey, Order, Provider, RecipeDigest, Root, Signature, Tier, U256,
    };
    use std::path::Path;

    fn book(folder: &Path) -> Book {
        let key = VaultKey::take(&mut [5; 32]);
        Book::new(Arc::new(Vault::open(folder, &key).unwrap()))
    }

    fn taken(price: u64) -> Taken {
        let order = Order {
            chain_id: 1,
            contract: Address::ZERO,
            customer: Address::ZERO,
            provider: Provider::Any,
            base_model: Root([1; 32]),
            dataset: Root([2; 32]),
            recipe: RecipeDigest([3; 32]),
            fee_max: Wei::from(1_000),
            deadline: 9,
            nonce: U256::from(7),
            encryption_key: EncryptionKey::X25519([4; 32]),
            tier: Tier::Cpu,
            ack_window_secs: 5,
            penalty_bps: 6,
            compensation: Wei::from(8),
            resumable: true,
        };
        let signature = Signature::try_from([&[1_u8; 64][..], &[27]].concat().as_slice()).unwrap();
        let signed = SignedOrder { order, signature };
        Taken::new(signed, b"{}".to_vec(), Price(Wei::from(price)), 100)
    }

    #[test]
    fn an_order_is_there_after_a_restart_as_it_was_taken() {
        let folder = tempfile::tempdir().unwrap();
        let taken = taken(10);
        let task = taken.signed.order.id();
        let work = Work {
            tokens: 42,
            steps: 3,
        };

        book(folder.path()).keep(&taken).unwrap();
        book(folder.path()).measured(task, work).unwrap();

        assert_eq!(
            book(folder.path()).all().unwrap(),
            std::slice::from_ref(&taken)
        );
        assert_eq!(book(folder.path()).find(task).unwrap(), Some(taken));
        assert_eq!(book(folder.path()).work(task).unwrap(), Some(work));
    }

    #[test]
    fn the_first_price_stays() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(folder.path());
        book.keep(&taken(10)).unwrap();

        book.keep(&taken(11)).unwrap();

        let kept = book.find(taken(10).signed.order.id()).unwrap().unwrap();
        assert_eq!(kept.price(), Price(Wei::from(10)));
    }

    #[test]
    fn what_is_forgotten_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(folder.path());
        let task = taken(10).signed.order.id();
        book.keep(&taken(10)).unwrap();

        book.forget(task).unwrap();
        book.forget(task).unwrap();

        assert_eq!(book.find(task).unwrap(), None);
    }

    #[test]
    fn a_dataset_is_needed_as_long_as_any_order_is_trained_on_it() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(folder.path());
        let (one, other, data) = (TaskId([1; 32]), TaskId([2; 32]), Digest([3; 32]));
        book.staged(one, data).unwrap();
        book.staged(other, data).unwrap();

        book.forget(one).unwrap();
        assert!(book.needs(data).unwrap());
        book.forget(other).unwrap();

        assert!(!book.needs(data).unwrap());
        assert_eq!(book.dataset(other).unwrap(), None);
    }

    #[test]
    fn a_fee_is_tokens_times_price_and_never_above_the_orders() {
        let taken = taken(10);
        let work = |tokens| Work { tokens, steps: 1 };

        assert_eq!(taken.fee(work(100)), Some(Wei::from(1_000)));
        assert_eq!(taken.fee(work(101)), None);
    }
}
