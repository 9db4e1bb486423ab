//! The nodes as they stand, for who decides by them: read from the books at most once a second.

use crate::books::Books;
use crate::store::{Member, StoreError};
use proto::{Address, Seconds};
use std::sync::{Arc, Mutex, PoisonError};

/// Read in pages of this many.
const PAGE: u32 = 1_000;

/// Shared by the desk and the dispatcher.
#[derive(Clone, Debug)]
pub struct Fleet {
    books: Books,
    silence_secs_max: Seconds,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    at: Option<Seconds>,
    nodes: Arc<Vec<Member>>,
}

impl Fleet {
    pub fn new(books: Books, silence_secs_max: Seconds) -> Self {
        let seen = Arc::default();
        Self {
            books,
            silence_secs_max,
            seen,
        }
    }

    /// Nodes that were heard of lately, are proven for now and are not set aside.
    pub async fn nodes(&self) -> Result<Arc<Vec<Member>>, StoreError> {
        let now = self.books.now();
        if let Some(nodes) = self.of(now) {
            return Ok(nodes);
        }
        let nodes = Arc::new(self.read(now).await?);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Seen {
            at: Some(now),
            nodes: nodes.clone(),
        };
        Ok(nodes)
    }

    /// What was read is not good enough any more: a node came or went.
    pub fn forget(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.at = None;
    }

    fn of(&self, now: Seconds) -> Option<Arc<Vec<Member>>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (seen.at == Some(now)).then(|| seen.nodes.clone())
    }

    async fn read(&self, now: Seconds) -> Result<Vec<Member>, StoreError> {
        let since = now.saturating_sub(self.silence_secs_max);
        let (mut nodes, mut after) = (Vec::new(), Address::ZERO);
        loop {
            let page = self.books.store.nodes(since, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.offer.provider;
            nodes.extend(page.into_iter().filter(|node| is_in_use(node, now)));
        }
        Ok(nodes)
    }
}

fn is_in_use(node: &Member, now: Seconds) -> bool {
    node.quarantined.is_none() && now < node.judgement.good_until
}
