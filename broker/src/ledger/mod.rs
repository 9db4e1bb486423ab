//! What the broker did, for anyone to read: append-only, chained by hash, its head signed.
//!
//! A ledger is text, one line an entry: the hash of the line, a space, the entry as JSON. A hash is
//! SHA-256 over the hash before it and the JSON as it stands, so that `sha256sum` is all it takes to
//! follow the chain. Lines that begin with `head` are the broker's signature over how far the ledger
//! had come: whoever kept one can show that an entry was changed or dropped afterwards.

mod audit;
mod entry;
mod head;
mod link;

pub use audit::{Audit, AuditError, Totals, audit};
pub use entry::{Entry, Happening};
pub use head::{BadHead, Head, HeadKey, SignedHead};
pub use link::{Link, Links};
