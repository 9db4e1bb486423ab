//! The follower: everything the market said, in order, as soon as it is final.
//!
//! Only final blocks are read, so a reorg of what is not final changes nothing. What is
//! read is chained by block hashes to what was read before; a node that tells another
//! history is left for one that does not.

use crate::config::Finality;
use crate::event::{Place, Seen};
use crate::rpc::words::Log;
use crate::rpc::{Fault, Header, Line, RpcError};
use alloy_primitives::B256;
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

    async fn read(&self) -> Result<Option<Page>, RpcError> {
        let want = Want {
            cursor: self.cursor,
            span: self.span,
            place: self.reader.place(),
            finality: self.reader.config.finality,
        };
        self.reader
            .pool
            .with(|line| async move { want.on(&line).await })
            .await
    }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Follower").field(&self.cursor).finish()
    }
}

/// One page as it is asked for on one line.
#[derive(Clone, Copy)]
struct Want {
    cursor: Cursor,
    span: u64,
    place: Place,
    finality: Finality,
}

impl Want {
    async fn on(self, line: &Line) -> Result<Option<Page>, Fault> {
        let last_final = line.last_final(self.finality).await?;
        if last_final.number < self.cursor.next {
            return Ok(None);
        }
        let to = last_final.number.min(self.cursor.next + self.span - 1);
        if to == self.cursor.next {
            return self.one_block(line).await.map(Some);
        }
        self.check_history(line).await?;
        let logs = line.logs(self.place.contract, self.cursor.next, to).await?;
        // Asked for after the logs: who knows this block knew all before it.
        let end = line.header(to).await?;
        self.page(end, &logs).map(Some)
    }

    /// At the head: the header alone tells most blocks to be silent.
    async fn one_block(self, line: &Line) -> Result<Page, Fault> {
        let header = line.header(self.cursor.next).await?;
        if self
            .cursor
            .last_hash
            .is_some_and(|hash| hash != header.parent_hash)
        {
            return Err(Fault::Rewritten(self.cursor.next - 1));
        }
        let logs = if header.may_name(self.place.contract) {
            line.logs_in(self.place.contract, &header).await?
        } else {
            Vec::new()
        };
        if logs.iter().any(|log| log.block_hash != header.hash) {
            return Err(Fault::Malformed);
        }
        self.page(header, &logs)
    }

    async fn check_history(self, line: &Line) -> Result<(), Fault> {
        let Some(expected) = self.cursor.last_hash else {
            return Ok(());
        };
        let last_read = self.cursor.next - 1;
        if line.header(last_read).await?.hash == expected {
            return Ok(());
        }
        Err(Fault::Rewritten(last_read))
    }

    fn page(self, to: Header, logs: &[Log]) -> Result<Page, Fault> {
        let from = self.cursor.next;
        let range = from..=to.number;
        let stray = |log: &Log| {
            log.removed || log.address != self.place.contract || !range.contains(&log.block_number)
        };
        if logs.iter().any(stray) {
            return Err(Fault::Malformed);
        }
        let events: Option<Vec<Seen>> = logs.iter().map(|log| self.place.read(log)).collect();
        let mut events = events.ok_or(Fault::Malformed)?;
        events.sort_by_key(|seen| (seen.block, seen.log_index));
        events.dedup_by_key(|seen| (seen.block, seen.log_index));
        Ok(Page { from, to, events })
    }
}
