//! 0G Storage: nodes that keep content, an indexer that knows them, and a contract that is paid.

mod choose;
mod network;
mod node;
pub(crate) mod rpc;
mod submit;
mod upload;
pub(crate) mod wire;

pub use network::ZeroG;
pub use submit::{Submission, SubmitError, Submitted, Submitter};
pub use wire::{FileInfo, Hex, SegmentWithProof, Tx, WireProof, parse_answer};
