//! Why a call to a broker came to nothing.

use proto::grpc::call_error;
use proto::{CallError, Malformed};
use tonic::{Code, Response, Status};

#[derive(Debug, thiserror::Error)]
pub enum CallFailed {
    /// By the broker, in the words of the protocol.
    #[error("the broker does not do this: {detail}")]
    Refused { error: CallError, detail: String },
    #[error("the broker cannot be reached")]
    Unreachable(#[source] Box<Status>),
    #[error("the broker did not answer in time")]
    Silent,
    /// By something that speaks gRPC, but not as a broker does.
    #[error("this is no broker of ours, or one of another version")]
    Strange(#[source] Box<Status>),
    #[error("the broker's answer cannot be read")]
    Malformed(#[from] Malformed),
}

impl CallFailed {
    /// Whether the same call may go well a little later.
    pub fn is_worth_retry(&self) -> bool {
        match self {
            Self::Refused { error, .. } => {
                let code = proto::grpc::code(*error);
                matches!(code, Code::Unavailable | Code::ResourceExhausted)
            }
            Self::Unreachable(_) | Self::Silent => true,
            Self::Strange(_) | Self::Malformed(_) => false,
        }
    }

    /// The stable number of a refusal.
    pub fn error(&self) -> Option<CallError> {
        match self {
            Self::Refused { error, .. } => Some(*error),
            Self::Unreachable(_) | Self::Silent | Self::Strange(_) | Self::Malformed(_) => None,
        }
    }
}

impl From<Status> for CallFailed {
    fn from(status: Status) -> Self {
        if let Some(error) = call_error(&status) {
            let detail = status.message().to_owned();
            return Self::Refused { error, detail };
        }
        let status = Box::new(status);
        if is_of_the_connection(status.code()) {
            return Self::Unreachable(status);
        }
        Self::Strange(status)
    }
}

/// What tonic says when a connection cannot be made, or breaks under a call.
fn is_of_the_connection(code: Code) -> bool {
    let codes = [
        Code::Unavailable,
        Code::Cancelled,
        Code::Unknown,
        Code::Internal,
    ];
    codes.contains(&code)
}

/// The checked form of an answer.
pub(crate) fn checked<W, T: TryFrom<W, Error = Malformed>>(
    answer: Result<Response<W>, Status>,
) -> Result<T, CallFailed> {
    Ok(T::try_from(answer?.into_inner())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::grpc::status;

    #[test]
    fn a_refusal_keeps_its_number_and_says_whether_it_may_pass() {
        for &error in CallError::ALL {
            let failed = CallFailed::from(status(error, "why"));

            let passes = matches!(
                proto::grpc::code(error),
                Code::Unavailable | Code::ResourceExhausted
            );
            assert_eq!(failed.error(), Some(error));
            assert_eq!(failed.is_worth_retry(), passes, "{error:?}");
        }
    }

    #[test]
    fn what_another_service_says_is_no_refusal() {
        let failed = CallFailed::from(Status::unimplemented("what?"));

        assert!(matches!(failed, CallFailed::Strange(_)));
        assert!(!failed.is_worth_retry());
    }
}
