//! What the chain paid this node, kept line by line.
//!
//! Public facts: anyone can look them up again. They are kept so that an operator does not have
//! to search the chain for them. No line decides anything, so a file that was damaged stops nobody.

use chain::{Event, Page, Seen};
use proto::{Address, Digest, TaskId, U256, Wei};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::warn;

/// Without a payment the place is written down each time so many blocks were read.
const STRIDE_BLOCKS: u64 = 10_000;

/// One settlement, as its event tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub task: TaskId,
    pub customer: Address,
    pub fee_wei: Wei,
    /// Whether she had said that she has the result; else the fee is what an unclaimed one costs.
    pub acknowledged: bool,
    pub block: u64,
    pub transaction: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Paid(Payment),
    ReadTo { read_to: u64 },
}

/// Shared by who reads the chain and who is asked.
#[derive(Clone, Debug)]
pub struct Earnings(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    file: File,
    paid: BTreeMap<TaskId, Payment>,
    /// Every block up to here was read.
    read_to: Option<u64>,
    /// The same, as the file says.
    written: Option<u64>,
    /// Blocks that were read beyond a gap, which `catch_up` closes.
    ahead: Option<(u64, u64)>,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot open the list of payments {path}")]
pub struct EarningsError {
    path: String,
    source: io::Error,
}

impl Earnings {
    pub fn open(path: &Path) -> Result<Self, EarningsError> {
        let kept = Kept::open(path).map_err(|source| EarningsError {
            path: path.display().to_string(),
            source,
        })?;
        Ok(Self(Arc::new(Mutex::new(kept))))
    }

    /// The last block that was read, by this process or one before.
    pub fn read_to(&self) -> Option<u64> {
        self.kept().read_to
    }

    /// Keeps what a page says was paid to us. A page that is read twice changes nothing.
    pub fn heard(&self, page: &Page, us: Address) {
        if let Err(error) = self.kept().hear(page, us) {
            warn!(code = "payments_not_kept", %error, "payments are on chain but not in this node's list");
        }
    }

    pub fn all(&self) -> Vec<Payment> {
        self.kept().paid.values().cloned().collect()
    }

    pub fn total(&self) -> Wei {
        let fees = self.kept();
        let fees = fees.paid.values().map(|payment| payment.fee_wei.0);
        Wei(fees.fold(U256::ZERO, U256::saturating_add))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.mode(0o600).open(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let mut kept = Self {
            file,
            paid: BTreeMap::new(),
            read_to: None,
            written: None,
            ahead: None,
        };
        kept.take(&text);
        kept.written = kept.read_to;
        kept.cut_torn(&text)?;
        Ok(kept)
    }

    fn take(&mut self, text: &[u8]) {
        let lines = text.split_inclusive(|&byte| byte == b'\n');
        let mut unreadable = 0_u64;
        for line in lines.filter(|line| line.ends_with(b"\n")) {
            match serde_json::from_slice(line) {
                Ok(Line::Paid(payment)) => drop(self.paid.insert(payment.task, payment)),
                Ok(Line::ReadTo { read_to }) => self.read_to = Some(read_to),
                Err(_damaged) => unreadable += 1,
            }
        }
        if unreadable > 0 {
            warn!(
                code = "payments_unreadable",
                unreadable, "lines of the list of payments cannot be read; the chain has them"
            );
        }
    }

    /// The end of a line that a crash cut off would spoil the next.
    fn cut_torn(&mut self, text: &[u8]) -> io::Result<()> {
        let whole = text.iter().rposition(|&byte| byte == b'\n');
        let whole = u64::try_from(whole.map_or(0, |at| at + 1)).unwrap_or(u64::MAX);
        self.file.set_len(whole)?;
        self.file.seek(SeekFrom::Start(whole)).map(drop)
    }

    fn hear(&mut self, page: &Page, us: Address) -> io::Result<()> {
        let paid: Vec<_> = payments(page, us)
            .filter(|payment| !self.paid.contains_key(&payment.task))
            .collect();
        let (read_to, ahead) = self.after(page.from, page.to.number);
        let is_far = |to| self.written.is_none_or(|last| to >= last + STRIDE_BLOCKS);
        if !paid.is_empty() || read_to.is_some_and(is_far) {
            let place = read_to.map(|read_to| Line::ReadTo { read_to });
            self.append(paid.iter().cloned().map(Line::Paid).chain(place))?;
            self.written = read_to;
        }
        (self.read_to, self.ahead) = (read_to, ahead);
        self.paid
            .extend(paid.into_iter().map(|payment| (payment.task, payment)));
        Ok(())
    }

    /// How far all is read, and what is read beyond it, once these blocks are too.
    fn after(&self, from: u64, to: u64) -> (Option<u64>, Option<(u64, u64)>) {
        if self.read_to.is_some_and(|last| from > last + 1) {
            let ahead = match self.ahead {
                Some((began, last)) if from <= last + 1 => (began, last.max(to)),
                Some(ahead) => ahead,
                None => (from, to),
            };
            return (self.read_to, Some(ahead));
        }
        let to = self.read_to.map_or(to, |last| last.max(to));
        match self.ahead {
            Some((began, last)) if began <= to + 1 => (Some(to.max(last)), None),
            ahead => (Some(to), ahead),
        }
    }

    fn append(&mut self, lines: impl Iterator<Item = Line>) -> io::Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
        }
        self.file.write_all(&text)?;
        self.file.sync_data()
    }
}

fn payments(page: &Page, us: Address) -> impl Iterator<Item = Payment> {
    let told = page.events.iter();
    told.filter_map(move |seen| payment(seen, us))
}

fn payment(seen: &Seen, us: Address) -> Option<Payment> {
    let Event::FeesSettled {
        customer,
        provider,
        id,
        fee,
        acknowledged,
        ..
    } = &seen.event
    else {
        return None;
    };
    let task = id.parse().ok().filter(|_| *provider == us)?;
    Some(Payment {
        task,
        customer: *customer,
        fee_wei: *fee,
        acknowledged: *acknowledged,
        block: seen.block,
        transaction: Digest(seen.transaction.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chain::Header;
    use tempfile::TempDir;

    const US: Address = Address::repeat_byte(1);
    const OTHER: Address = Address::repeat_byte(2);

    fn paid(provider: Address, task: u8, fee: u64) -> Seen {
        Seen {
            block: 7,
            log_index: 0,
            transaction: [3; 32].into(),
            event: Event::FeesSettled {
                customer: Address::repeat_byte(9),
                provider,
                id: TaskId([task; 32]).to_string(),
                fee: Wei::from(fee),
                acknowledged: true,
                nonce: U256::ZERO,
            },
        }
    }

    fn page(to: u64, events: Vec<Seen>) -> Page {
        pages(0, to, events)
    }

    fn pages(from: u64, to: u64, events: Vec<Seen>) -> Page {
        Page {
            from,
            to: Header {
                number: to,
                hash: [0; 32].into(),
                parent_hash: [0; 32].into(),
                timestamp: 0,
                base_fee_per_gas: None,
                logs_bloom: None,
                transaction_count: 0,
            },
            events,
        }
    }

    fn open(folder: &TempDir) -> Earnings {
        Earnings::open(&folder.path().join("payments.jsonl")).unwrap()
    }

    #[test]
    fn what_was_paid_is_known_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        open(&folder).heard(
            &page(40, vec![paid(US, 1, 5), paid(OTHER, 2, 70), paid(US, 3, 6)]),
            US,
        );

        let again = open(&folder);

        assert_eq!(again.total(), Wei::from(11));
        assert_eq!(again.all().len(), 2);
        assert_eq!(again.read_to(), Some(40));
    }

    #[test]
    fn a_page_that_is_read_twice_is_counted_once() {
        let folder = tempfile::tempdir().unwrap();
        let earnings = open(&folder);
        earnings.heard(&page(40, vec![paid(US, 1, 5)]), US);

        earnings.heard(&page(40, vec![paid(US, 1, 5)]), US);

        assert_eq!(earnings.total(), Wei::from(5));
        assert_eq!(open(&folder).total(), Wei::from(5));
    }

    #[test]
    fn a_line_that_a_crash_cut_off_spoils_no_other() {
        let folder = tempfile::tempdir().unwrap();
        open(&folder).heard(&page(40, vec![paid(US, 1, 5)]), US);
        let file = folder.path().join("payments.jsonl");
        let mut torn = std::fs::read(&file).unwrap();
        torn.extend(b"{\"task\":\"0x0");
        std::fs::write(&file, torn).unwrap();

        let earnings = open(&folder);
        earnings.heard(&page(90, vec![paid(US, 2, 6)]), US);

        assert_eq!(open(&folder).total(), Wei::from(11));
    }

    #[test]
    fn without_payments_the_place_is_written_seldom() {
        let folder = tempfile::tempdir().unwrap();
        let earnings = open(&folder);
        for to in 1..=STRIDE_BLOCKS {
            earnings.heard(&page(to, Vec::new()), US);
        }

        assert_eq!(open(&folder).read_to(), Some(1));
        earnings.heard(&page(STRIDE_BLOCKS + 1, Vec::new()), US);
        assert_eq!(open(&folder).read_to(), Some(STRIDE_BLOCKS + 1));
    }

    /// Killed while it caught up, after something newer was paid: the gap is still known.
    #[test]
    fn what_was_missed_is_not_forgotten_for_what_came_after_it() {
        let folder = tempfile::tempdir().unwrap();
        open(&folder).heard(&page(40, Vec::new()), US);
        let earnings = open(&folder);
        earnings.heard(&pages(90, 99, vec![paid(US, 2, 6)]), US);
        assert_eq!(open(&folder).read_to(), Some(40));
        assert_eq!(open(&folder).total(), Wei::from(6));

        earnings.heard(&pages(41, 89, vec![paid(US, 1, 5)]), US);

        assert_eq!(open(&folder).read_to(), Some(99));
        assert_eq!(open(&folder).total(), Wei::from(11));
    }
}
