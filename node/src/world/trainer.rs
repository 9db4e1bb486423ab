//! What the trainer's child is given to work with.

use crate::orders::Book;
use crate::trainer::{Materials, SourceError};
use crate::vault::{Kind, Name, Vault};
use proto::{Digest, Order};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use tasks::Failure;
use tracing::warn;

/// Recipe, model and data of each order, as the rest of the node keeps them.
#[derive(Clone, Debug)]
pub struct Shelf {
    book: Book,
    vault: Arc<Vault>,
    models: PathBuf,
}

impl Shelf {
    pub fn new(book: Book, vault: Arc<Vault>, models: PathBuf) -> Self {
        Self {
            book,
            vault,
            models,
        }
    }
}

impl Materials for Shelf {
    fn recipe(&self, order: &Order) -> Result<String, Failure> {
        let task = order.id();
        let missing = || {
            warn!(%task, "the recipe is not in the book");
            Failure::Transient
        };
        let taken = self.book.find(task).ok().flatten().ok_or_else(missing)?;
        String::from_utf8(taken.recipe).map_err(|_not_text| missing())
    }

    fn model(&self, order: &Order) -> Result<PathBuf, Failure> {
        let folder = self.models.join(order.base_model.to_string());
        if folder.is_dir() {
            return Ok(folder);
        }
        Err(Failure::Transient)
    }

    fn dataset(
        &self,
        _order: &Order,
        dataset: Digest,
        to: &mut dyn Write,
    ) -> Result<(), SourceError> {
        let name = Name::from(dataset);
        let given = self.vault.get(Kind::Dataset, &name, to);
        given.map(drop).map_err(SourceError::of_vault)
    }
}
