//! Tasks at 0G's own contracts: they know no orders, so the node's book stands in for them.

use crate::orders::Book;
use chain::{DirectTask, DirectTasks, Mode};
use proto::{SignedOrder, TaskId};
use std::sync::OnceLock;

/// What is in the book, once the contract turned out to be one without orders.
#[derive(Debug)]
pub struct BookedTasks {
    book: Book,
    mode: OnceLock<Mode>,
}

impl BookedTasks {
    pub fn new(book: Book) -> Self {
        Self {
            book,
            mode: OnceLock::new(),
        }
    }

    /// The contract was looked at. Where it knows orders, the book is not asked.
    pub fn found(&self, mode: Mode) {
        self.mode.get_or_init(|| mode);
    }

    fn stands_in(&self) -> bool {
        self.mode.get() == Some(&Mode::Base)
    }
}

impl DirectTasks for BookedTasks {
    fn find(&self, task: TaskId) -> Option<DirectTask> {
        let taken = self.stands_in().then(|| self.book.find(task));
        Some(direct(taken?.ok()??.signed))
    }

    fn all(&self) -> Vec<DirectTask> {
        let all = self.stands_in().then(|| self.book.all());
        let all = all.and_then(Result::ok).unwrap_or_default();
        all.into_iter().map(|taken| direct(taken.signed)).collect()
    }
}

/// Its name on chain is its digest in words.
fn direct(signed: SignedOrder) -> DirectTask {
    DirectTask {
        id: signed.order.id().to_string(),
        order: signed.order,
    }
}
