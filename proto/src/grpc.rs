//! The services, and what a failed call says.
//!
//! A failed call carries the stable number of its [`CallError`] in the trailer
//! `sealtune-error`, beside the gRPC code that follows from it. Text is for people.

pub use crate::wire::{broker_client, broker_server, node_client, node_server};

use crate::{CallError, Malformed, scan};
use bytes::Buf;
use std::marker::PhantomData;
use tonic::codec::{DecodeBuf, Decoder};
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use tonic_prost::ProstEncoder;

/// The trailer with a call error's number.
pub const ERROR_TRAILER: &str = "sealtune-error";

/// The codec of every method: protobuf, read within limits.
pub struct Codec<T, U>(PhantomData<(T, U)>);

/// Reads messages of one type within limits.
pub struct WithinLimits<U>(PhantomData<U>);

impl<T, U> tonic::codec::Codec for Codec<T, U>
where
    T: prost::Message + Send + 'static,
    U: prost::Message + prost::Name + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = WithinLimits<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        WithinLimits(PhantomData)
    }
}

impl<U: prost::Message + prost::Name + Default> Decoder for WithinLimits<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let bytes = from.copy_to_bytes(from.remaining());
        Ok(Some(scan::decode(bytes)?))
    }
}

/// The status of a failed call. The detail is for people, and free of content.
pub fn status(error: CallError, detail: &str) -> Status {
    let text = match detail {
        "" => error.to_string(),
        detail => format!("{error}: {detail}"),
    };
    let mut status = Status::new(code(error), text);
    let number = MetadataValue::from(error.code());
    status.metadata_mut().insert(ERROR_TRAILER, number);
    status
}

/// Why a call failed, if the callee speaks sealtune and a version that is known.
pub fn call_error(status: &Status) -> Option<CallError> {
    let number = status.metadata().get(ERROR_TRAILER)?.to_str().ok()?;
    CallError::try_from(number.parse::<u16>().ok()?).ok()
}

/// The gRPC code that goes with an error. Only `UNAVAILABLE` and
/// `RESOURCE_EXHAUSTED` are worth the same call again.
pub const fn code(error: CallError) -> Code {
    match error {
        CallError::MessageMalformed
        | CallError::MessageTooLarge
        | CallError::Unexpected
        | CallError::PageUnknown
        | CallError::BlobTooLarge => Code::InvalidArgument,
        CallError::PermitMissing | CallError::PermitInvalid | CallError::PermitExpired => {
            Code::Unauthenticated
        }
        CallError::PermitInsufficient | CallError::CallerUnknown | CallError::EvidenceRejected => {
            Code::PermissionDenied
        }
        CallError::FenceStale => Code::Aborted,
        CallError::TaskUnknown | CallError::BlobUnknown => Code::NotFound,
        CallError::BlobOffsetWrong | CallError::TaskFinished => Code::FailedPrecondition,
        CallError::BlobMismatch => Code::DataLoss,
        CallError::RateLimited | CallError::QuotaExceeded | CallError::TooManyStreams => {
            Code::ResourceExhausted
        }
        CallError::NotReady | CallError::DeviceBusy | CallError::NodeUnreachable => {
            Code::Unavailable
        }
        CallError::Internal => Code::Internal,
    }
}

impl From<Malformed> for Status {
    fn from(malformed: Malformed) -> Self {
        status(CallError::MessageMalformed, &malformed.to_string())
    }
}

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> std::fmt::Debug for Codec<T, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Codec")
    }
}

impl<U> std::fmt::Debug for WithinLimits<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WithinLimits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_error_survives_its_status() {
        for &error in CallError::ALL {
            assert_eq!(call_error(&status(error, "why")), Some(error));
        }
    }

    #[test]
    fn a_status_of_somebody_else_has_no_call_error() {
        assert_eq!(call_error(&Status::internal("600")), None);
    }
}
