//! Reading a ledger as a stranger: is the chain whole, are the heads signed, what are the sums?

use super::head::{BadHead, SignedHead};
use super::{Entry, Happening, Links};
use proto::{Address, U256};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

/// No honest line is longer.
const LINE_BYTES_MAX: u64 = 4_096;

/// What a whole ledger says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    pub links: Links,
    /// Who signed the heads; none were signed if there is none.
    pub signer: Option<[u8; 32]>,
    /// Entries after the last signed head: nobody vouches for them yet.
    pub unsigned: u64,
    pub nodes: BTreeMap<Address, Totals>,
}

/// What a ledger says of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub assigned: u64,
    pub returned: u64,
    pub started: u64,
    pub paid: u64,
    pub unpaid: u64,
    pub earned: U256,
}

#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the ledger cannot be read")]
    Read(#[source] io::Error),
    #[error("line {0} is longer than any entry")]
    TooLong(u64),
    #[error("line {0} is neither a hash and an entry nor a head")]
    Malformed(u64),
    #[error("line {0} does not hang on the line before: something was changed, moved or left out")]
    Broken(u64),
    #[error("line {line}: the head is not good")]
    Head {
        line: u64,
        #[source]
        source: BadHead,
    },
    #[error("line {0}: the head tells of another ledger than the lines before it")]
    OtherHead(u64),
    #[error("line {0}: the head is signed by another key than the ones before")]
    OtherSigner(u64),
    #[error("line {0}: more was earned than there is")]
    Sum(u64),
}

/// Follows a ledger from its first line and sums it up.
pub fn audit(ledger: impl BufRead) -> Result<Audit, AuditError> {
    let mut audit = Audit::default();
    let mut ledger = ledger;
    for number in 1.. {
        let Some(line) = next_line(&mut ledger, number)? else {
            break;
        };
        match line.strip_prefix("head ") {
            Some(head) => audit.see_head(head, number)?,
            None => audit.see_entry(&line, number)?,
        }
    }
    Ok(audit)
}

fn next_line(ledger: &mut impl BufRead, number: u64) -> Result<Option<String>, AuditError> {
    let mut line = Vec::new();
    let mut bounded = ledger.take(LINE_BYTES_MAX);
    bounded
        .read_until(b'\n', &mut line)
        .map_err(AuditError::Read)?;
    match line.pop() {
        None => return Ok(None),
        Some(b'\n') => {}
        Some(_) if bounded.limit() == 0 => return Err(AuditError::TooLong(number)),
        Some(_) => return Err(AuditError::Malformed(number)),
    }
    String::from_utf8(line)
        .map(Some)
        .map_err(|_utf8| AuditError::Malformed(number))
}

impl Audit {
    fn see_entry(&mut self, line: &str, number: u64) -> Result<(), AuditError> {
        let (hash, text) = line.split_once(' ').ok_or(AuditError::Malformed(number))?;
        let hung = self.links.append_text(text.to_owned());
        if hash != hex::encode(hung.hash) {
            return Err(AuditError::Broken(number));
        }
        let entry: Entry =
            serde_json::from_str(text).map_err(|_json| AuditError::Malformed(number))?;
        self.unsigned = self.unsigned.saturating_add(1);
        self.count(&entry.happened).ok_or(AuditError::Sum(number))
    }

    fn see_head(&mut self, text: &str, number: u64) -> Result<(), AuditError> {
        let head: SignedHead =
            serde_json::from_str(text).map_err(|_json| AuditError::Malformed(number))?;
        let (head, signer) = head.open().map_err(|source| AuditError::Head {
            line: number,
            source,
        })?;
        if head.links != self.links {
            return Err(AuditError::OtherHead(number));
        }
        if self.signer.is_some_and(|known| known != signer) {
            return Err(AuditError::OtherSigner(number));
        }
        self.signer = Some(signer);
        self.unsigned = 0;
        Ok(())
    }

    fn count(&mut self, happened: &Happening) -> Option<()> {
        let one = |sum: &mut u64| *sum = sum.saturating_add(1);
        match *happened {
            Happening::Assigned { to, .. } => one(&mut self.node(to).assigned),
            Happening::Returned { by, .. } => one(&mut self.node(by).returned),
            Happening::Started { on } => one(&mut self.node(on).started),
            Happening::Unpaid { by, .. } => one(&mut self.node(by).unpaid),
            Happening::Withdrawn => {}
            Happening::Paid { to, fee } => {
                let node = self.node(to);
                one(&mut node.paid);
                node.earned = node.earned.checked_add(fee.unwrap_or_default().0)?;
            }
        }
        Some(())
    }

    fn node(&mut self, provider: Address) -> &mut Totals {
        self.nodes.entry(provider).or_default()
    }
}
