//! Why a question got no answer, from one URL and from all of them.

use alloy_primitives::Bytes;

/// Why one URL's answer is not used. Another URL may do better.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("no answer in time")]
    Late,
    #[error("cannot be reached")]
    Unreachable,
    #[error("answers with http status {0}")]
    Status(u16),
    #[error("answers with more bytes than any good answer has")]
    TooLarge,
    #[error("answers with something that is not an answer to the question")]
    Malformed,
    #[error("is on chain {found}, not on chain {expected}")]
    WrongChain { expected: u64, found: u64 },
    #[error("refuses with code {0}")]
    Refused(i64),
    /// The node has not heard of a block that others know.
    #[error("is behind: it does not know block {0}")]
    Behind(u64),
    /// A block that was final is another one now.
    #[error("tells another history at block {0}")]
    Rewritten(u64),
    /// Not a fault of the URL: the contract said no, with this data.
    #[error("the call reverted")]
    Reverted(Bytes),
}

/// Why nobody answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// The contract said no.
    #[error("the call reverted")]
    Reverted(Bytes),
    #[error("no rpc url answers; the last one tried, {url}, {fault}")]
    Nobody { url: String, fault: Fault },
}

impl Fault {
    /// Whether the URL should be left alone for a while.
    pub(crate) fn blames_the_url(&self) -> bool {
        match self {
            Self::Late
            | Self::Unreachable
            | Self::Status(_)
            | Self::TooLarge
            | Self::Malformed
            | Self::WrongChain { .. }
            | Self::Rewritten(_) => true,
            // A refusal may be about the question, and who is behind catches up.
            Self::Refused(_) | Self::Behind(_) | Self::Reverted(_) => false,
        }
    }
}
