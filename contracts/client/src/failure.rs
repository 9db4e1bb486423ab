//! Why a call to the market did not do what was asked.

use crate::follow::FollowError;
use crate::refusal::Refusal;
use crate::rpc::RpcError;
use crate::sender::SendError;
use proto::Seconds;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Unknown or not yet: the next call reads the chain again.
    #[error("it was sent, or may have been; the chain has not said so for good yet")]
    Unsettled,
    #[error(transparent)]
    Rpc(RpcError),
    #[error(transparent)]
    Send(SendError),
    #[error(transparent)]
    Follow(FollowError),
    /// In order, but too early.
    #[error("not before {0}")]
    NotBefore(Seconds),
    /// The contract says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Failure {
    /// Whether the same attempt may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unsettled | Self::Rpc(_) | Self::Send(_) | Self::Follow(_) => true,
            Self::NotBefore(_) => false,
            Self::Refused(refusal) => refusal.reason().is_none(),
        }
    }
}

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Self {
        match error {
            RpcError::Reverted(data) => Self::Refused(Refusal::from_revert(&data)),
            RpcError::Nobody { .. } => Self::Rpc(error),
        }
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Rpc(error) => error.into(),
            SendError::WalletEmpty { .. } | SendError::Pending { .. } | SendError::Stopped => {
                Self::Send(error)
            }
        }
    }
}

impl From<FollowError> for Failure {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Rpc(error) => error.into(),
            FollowError::Rewritten(_) => Self::Follow(error),
        }
    }
}
