//! Why an order was refused or a task failed, in numbers that never change.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident or $(#[$unknown_doc:meta])* $unknown:ident($says:literal)
     { $($(#[$group:meta])* $variant:ident = $code:literal, $text:literal;)* }) => {
        $(#[$unknown_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error($says)]
        pub struct $unknown(pub u16);

        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "u16", try_from = "u16")]
        #[repr(u16)]
        pub enum $name { $($(#[$group])* #[doc = $text] $variant = $code,)* }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable number.
            pub const fn code(self) -> u16 {
                match self { $(Self::$variant => $code,)* }
            }

            /// What people read.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl TryFrom<u16> for $name {
            type Error = $unknown;

            fn try_from(code: u16) -> Result<Self, $unknown> {
                match code { $($code => Ok(Self::$variant),)* _ => Err($unknown(code)) }
            }
        }

        impl From<$name> for u16 {
            fn from(code: $name) -> Self {
                code.code()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} ({})", self.text(), self.code())
            }
        }
    };
}

codes! {
    /// The public reason a task ended without payment. It goes on chain and into
    /// other people's scripts: a number is never reused and never changes its meaning.
    Reason or
    /// A number that names no reason this version knows.
    UnknownReason("{0} is no reason this version knows") {
    // 100: the order itself.
    SignatureInvalid = 100, "the order's signature is not the customer's";
    NonceUsed = 101, "the order's nonce was used before";
    WrongChain = 102, "the order is for another chain or contract";
    WrongProvider = 103, "the order names another provider";
    DeadlinePassed = 104, "the deadline has passed";
    DeadlineTooTight = 105, "the deadline cannot be met at this node's measured speed";
    RecipeInvalid = 106, "the recipe is not valid";
    RecipeOverLimit = 107, "the recipe asks for more than this node allows";
    ModelNotOffered = 108, "the base model is not offered here";
    TierNotMet = 109, "the node's attestation is below the tier the order requires";
    KeyInvalid = 110, "the customer's encryption key is not valid";
    TermsNotAccepted = 111, "the order's terms are outside what this node accepts";
    // 200: the money.
    FundsNotReserved = 200, "the fee is not reserved on chain";
    FeeTooLow = 201, "the maximum fee is below the price of this work";
    SignerNotAcknowledged = 202, "the node's signer is not acknowledged on chain";
    // 300: the node.
    TooBusy = 300, "the node's queue is full";
    Draining = 301, "the node is draining and takes no new orders";
    BreakerOpen = 302, "the node has stopped taking orders until its operator looks";
    NoNode = 303, "no node known here can serve this order";
    CustomerQuota = 304, "the customer has as many open orders here as one customer may";
    // 400: the customer's data.
    DatasetUnavailable = 400, "the dataset cannot be fetched";
    DatasetMismatch = 401, "the dataset is not what its root promises";
    DatasetUnreadable = 402, "the sealed dataset does not open with this node's key";
    DatasetMalformed = 403, "the dataset is malformed";
    DatasetOverLimit = 404, "the dataset is larger than the order allows";
    ModelUnavailable = 405, "the base model cannot be fetched";
    ModelMismatch = 406, "the base model is not what its root promises";
    // 500: the work.
    Diverged = 500, "the training diverged";
    OutOfMemory = 501, "the training does not fit this node's memory";
    TrainerFailed = 502, "the trainer failed";
    TriesExhausted = 503, "the node tried as often as it may";
    Cancelled = 504, "the customer cancelled the order";
}}

codes! {
    /// Why a call failed, beside its gRPC status. A task is not touched by it.
    CallError or
    /// A number that names no call error this version knows.
    UnknownCallError("{0} is no call error this version knows") {
    // 600: the message.
    MessageMalformed = 600, "the message is malformed";
    MessageTooLarge = 601, "the message is larger than any valid one";
    Unexpected = 602, "the message does not belong here in this stream";
    // 620: who calls.
    PermitMissing = 620, "this needs the customer's permit";
    PermitInvalid = 621, "the permit is not signed by the customer";
    PermitInsufficient = 622, "the permit does not allow this";
    PermitExpired = 623, "the permit has expired";
    CallerUnknown = 624, "the caller may not do this";
    FenceStale = 625, "a later session has taken over";
    EvidenceRejected = 626, "the attestation evidence is rejected";
    // 640: what is asked for.
    TaskUnknown = 640, "no such task here";
    BlobUnknown = 641, "no such blob here";
    BlobOffsetWrong = 642, "the upload must go on where the held bytes end";
    BlobMismatch = 643, "the bytes do not have the root they were announced with";
    BlobTooLarge = 644, "the blob is larger than this broker takes";
    PageUnknown = 645, "the page does not come from this list";
    TaskFinished = 646, "the task is already finished";
    // 660: how much.
    RateLimited = 660, "too many calls; slow down";
    QuotaExceeded = 661, "the quota is used up";
    TooManyStreams = 662, "too many open streams";
    // 680: the callee.
    NotReady = 680, "not ready yet; try again";
    DeviceBusy = 681, "the attestation device is busy; try again";
    NodeUnreachable = 682, "the node cannot be reached now";
    Internal = 690, "a fault of the callee's own";
}}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_survives_its_number() {
        for &reason in Reason::ALL {
            assert_eq!(Reason::try_from(reason.code()), Ok(reason));
        }
    }

    #[test]
    fn every_call_error_survives_its_number() {
        for &error in CallError::ALL {
            assert_eq!(CallError::try_from(error.code()), Ok(error));
        }
    }

    #[test]
    fn no_number_is_both_a_reason_and_a_call_error() {
        for &reason in Reason::ALL {
            assert!(CallError::try_from(reason.code()).is_err());
        }
    }

    #[test]
    fn an_unknown_number_is_refused() {
        assert_eq!(Reason::try_from(0), Err(UnknownReason(0)));
    }
}
