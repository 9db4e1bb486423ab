//! Why an order was refused or a task failed, in numbers that never change.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A number that names no reason this version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no reason this version knows")]
pub struct UnknownReason(pub u16);

macro_rules! reasons {
    ($($(#[$group:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// The public reason a task ended without payment. It goes on chain and into
        /// other people's scripts: a number is never reused and never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "u16", try_from = "u16")]
        #[repr(u16)]
        pub enum Reason { $($(#[$group])* #[doc = $text] $name = $code,)* }

        impl Reason {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable number.
            pub const fn code(self) -> u16 {
                match self { $(Self::$name => $code,)* }
            }

            /// What the customer reads.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        impl TryFrom<u16> for Reason {
            type Error = UnknownReason;

            fn try_from(code: u16) -> Result<Self, UnknownReason> {
                match code { $($code => Ok(Self::$name),)* _ => Err(UnknownReason(code)) }
            }
        }
    };
}

reasons! {
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
}

impl From<Reason> for u16 {
    fn from(reason: Reason) -> Self {
        reason.code()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text(), self.code())
    }
}

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
    fn an_unknown_number_is_refused() {
        assert_eq!(Reason::try_from(0), Err(UnknownReason(0)));
    }
}
