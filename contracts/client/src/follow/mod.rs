//! The follower: everything the market said, in order, as soon as it is final.
//!
//! Only final blocks are read, so a reorg of what is not final changes nothing. What is
//! read is chained by block hashes to what was read before; a node that tells another
//! history is left for one that does not.

mod page;

use crate::event::Seen;
use crate::rpc::{Fault, Header, RpcError};
use alloy_primitives::B256;
use page::{Told, Want};
use std::sync::Arc;

/// Where a follower stands; enough to go on from after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The first block not read yet.
    pub next: u64,
    /// The hash of the block before it, when that was read.
    pub last_hash: Option<B256>,
}

/// Some blocks, read completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub from: u64,
    /// The last block of the page.
    pub to: Header,
    pub events: Vec<Seen>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// Whoever took the word "final" seriously has to look: this must not happen.
    #[error("every rpc url tells another history at block {0}, which was final")]
    Rewritten(u64),
    #[error(transparent)]
    Rpc(#[from] RpcError),
}

pub struct Follower {
    reader: Arc<crate::reader::Core>,
    cursor: Cursor,
    span: u64,
}

impl Follower {
    pub(crate) fn new(reader: Arc<crate::reader::Core>, cursor: Cursor) -> Self {
        let span = reader.config.page_blocks.max(1);
        Self {
            reader,
            cursor,
            span,
        }
    }

    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The next page; nothing, when all that is final has been read.
    pub async fn next_page(&mut self) -> Result<Option<Page>, FollowError> {
        let asked = self.read().await;
        let page = match asked {
            Ok(page) => page,
            Err(RpcError::Nobody {
                fault: Fault::Rewritten(block),
                ..
            }) => return Err(FollowError::Rewritten(block)),
            // A range may be more than the node wants to answer at once.
            Err(error) => {
                self.span = (self.span / 2).max(1);
                return Err(error.into());
            }
        };
        if let Some(page) = &page {
            self.span = (self.span * 2).min(self.reader.config.page_blocks.max(1));
            self.cursor = Cursor {
                next: page.to.number + 1,
                last_hash: Some(page.to.hash),
            };
        }
        Ok(page)
    }

    /// A page that two URLs tell alike. Where they differ, one of them leaves out logs: then
    /// block by block, each with its receipts, and of one block the fuller account.
    async fn read(&mut self) -> Result<Option<Page>, RpcError> {
        loop {
            let want = self.want();
            let Some(told) = self.ask(want).await? else {
                return Ok(None);
            };
            let Some(other) = self.second_opinion(want, &told).await else {
                return Ok(Some(told.page));
            };
            if other.events == told.page.events {
                return Ok(Some(told.page));
            }
            tracing::warn!(
                from = other.from,
                to = other.to.number,
                "two urls know different logs of these blocks"
            );
            if other.from == other.to.number {
                return Ok(Some(fuller(told.page, other)));
            }
            self.span = 1;
        }
    }

    fn want(&self) -> Want {
        Want {
            cursor: self.cursor,
            span: self.span,
            place: self.reader.place(),
            finality: self.reader.config.finality,
        }
    }

    async fn ask(&self, want: Want) -> Result<Option<Told>, RpcError> {
        self.reader
            .pool
            .with(|line| async move { want.on(&line).await })
            .await
    }

    /// The same page from another URL; nothing, if there is none that can tell now.
    async fn second_opinion(&self, want: Want, told: &Told) -> Option<Page> {
        let (page, by) = (&told.page, told.by.as_ref()?);
        self.reader
            .pool
            .with_other_than(by, |line| async move { want.again(page, &line).await })
            .await
    }
}

/// Of two accounts of one block: the other only if it knows all that the first does, and more.
fn fuller(first: Page, other: Page) -> Page {
    let knows_all = first.events.iter().all(|seen| other.events.contains(seen));
    if knows_all { other } else { first }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Follower").field(&self.cursor).finish()
    }
}
