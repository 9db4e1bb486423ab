//! The port to the flow contract: whoever holds keys and nonces implements it.

use crate::id::{Content, Node, Outline};
use async_trait::async_trait;
use proto::{Root, U256, Wei};
use std::fmt::Debug;

/// What the flow contract is told about content (facts E.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    pub root: Root,
    /// The content's size: the submission's `length`.
    pub size: u64,
    /// Subtrees from the left, heights strictly falling.
    pub nodes: Vec<Node>,
}

impl Submission {
    pub(crate) fn of(outline: &Outline, last_segment: &[u8]) -> Self {
        let content = outline.content();
        Self {
            root: content.root,
            size: content.size,
            nodes: outline.submission_nodes(last_segment),
        }
    }

    /// The sectors paid for: the padded chunks.
    pub fn sectors(&self) -> u64 {
        self.nodes.iter().map(|node| 1u64 << node.height).sum()
    }

    /// What has to be sent along at this price; `None` where it is no amount.
    pub fn fee(&self, price_per_sector: Wei) -> Option<Wei> {
        price_per_sector
            .0
            .checked_mul(U256::from(self.sectors()))
            .map(Wei)
    }
}

/// A submission that is on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The submission index of the `Submit` event: 0G's "txSeq".
    pub tx_seq: u64,
    /// The transaction, where it is known.
    pub tx: Option<[u8; 32]>,
}

/// Why there is no submission.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The transaction may be on its way: look it up before submitting again.
    #[error("whether the submission was sent is not known")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nothing was sent, or the contract reverted.
    #[error("the submission was refused")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the fee of {fee} is more than the {max} allowed")]
    TooDear { fee: Wei, max: Wei },
}

impl SubmitError {
    pub(crate) fn unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

/// Who can submit to the flow contract.
///
/// `lookup` must see whatever an earlier `submit` of the same content, even one that
/// failed as unknown or was made before a restart, brought on chain or left pending.
/// Storage calls it before every `submit` and again after an unknown one.
#[async_trait]
pub trait Submitter: Debug + Send + Sync {
    /// The market's price for one sector of 256 bytes.
    async fn price_per_sector(&self) -> Result<Wei, SubmitError>;

    /// The submission of this root and size that is on chain, if there is one. The `identity`
    /// topic of `Submit` is not the root: the event's nodes, joined from the right, are.
    async fn lookup(&self, content: Content) -> Result<Option<Submitted>, SubmitError>;

    /// Sends one transaction with `fee` and waits until it is mined.
    async fn submit(&self, submission: &Submission, fee: Wei) -> Result<Submitted, SubmitError>;
}
