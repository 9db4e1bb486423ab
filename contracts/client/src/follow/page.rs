//! One page of history, as it is asked for on one line.

use super::{Cursor, Page};
use crate::config::Finality;
use crate::event::{Place, Seen};
use crate::rpc::words::Log;
use crate::rpc::{Fault, Header, Line};

#[derive(Clone, Copy)]
pub(super) struct Want {
    pub(super) cursor: Cursor,
    pub(super) span: u64,
    pub(super) place: Place,
    pub(super) finality: Finality,
}

/// A page, and who told it.
pub(super) struct Told {
    pub(super) page: Page,
    /// The URL, as it is shown; nobody, where a header alone told that nothing was said.
    pub(super) by: Option<String>,
}

impl Want {
    pub(super) async fn on(self, line: &Line) -> Result<Option<Told>, Fault> {
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
        let page = self.page(end, &logs)?;
        Ok(Some(Told::by(line, page)))
    }

    /// The events of a page that another line told, as this one knows them.
    pub(super) async fn again(self, page: &Page, line: &Line) -> Result<Page, Fault> {
        let end = line.header(page.to.number).await?;
        if end.hash != page.to.hash {
            return Err(Fault::Rewritten(end.number));
        }
        let logs = line
            .logs(self.place.contract, page.from, end.number)
            .await?;
        self.page(end, &logs)
    }

    /// At the head: the header alone tells most blocks to be silent.
    async fn one_block(self, line: &Line) -> Result<Told, Fault> {
        let header = line.header(self.cursor.next).await?;
        if self
            .cursor
            .last_hash
            .is_some_and(|hash| hash != header.parent_hash)
        {
            return Err(Fault::Rewritten(self.cursor.next - 1));
        }
        if !header.may_name(self.place.contract) {
            let page = self.page(header, &[])?;
            return Ok(Told { page, by: None });
        }
        let logs = line.logs_in(self.place.contract, &header).await?;
        if logs.iter().any(|log| log.block_hash != header.hash) {
            return Err(Fault::Malformed);
        }
        let page = self.page(header, &logs)?;
        Ok(Told::by(line, page))
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

impl Told {
    fn by(line: &Line, page: Page) -> Self {
        let by = Some(line.endpoint().shown());
        Self { page, by }
    }
}
