//! The contract's "no", told by selector.

use crate::bindings::Ledger::LedgerErrors;
use crate::bindings::Market::MarketErrors;
use alloy_primitives::{Address, Bytes, Selector, U256};
use alloy_sol_types::SolInterface;
use proto::{Reason, Seconds, TaskId};

/// Why the contract will not do it. Each is one line for whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the chain knows no order {0}")]
    OrderUnknown(TaskId),
    #[error("another provider has taken order {0}")]
    OrderTaken(TaskId),
    #[error("order {0} is not this account's")]
    OrderNotYours(TaskId),
    #[error("order {task} is in state {state} and does not allow this")]
    OrderState { task: TaskId, state: u8 },
    #[error("order {0} was delivered with another result")]
    OtherResult(TaskId),
    #[error("the order's deadline {0} has passed")]
    DeadlinePassed(Seconds),
    #[error("the order's signature is not its customer's")]
    OrderSignature,
    #[error("the order's nonce {0} was used before")]
    OrderNonceUsed(U256),
    #[error(
        "the customer's sub-account has {available} wei free and the order reserves {required}"
    )]
    FeeNotCovered { available: U256, required: U256 },
    #[error("the fee of {fee} wei is above the order's {most}")]
    FeeAboveOrder { fee: U256, most: U256 },
    #[error("the bond has {free} wei free and this order needs {required}; add to the bond")]
    BondTooSmall { free: U256, required: U256 },
    #[error("registering takes a bond of {required} wei, not {provided}")]
    StakeTooSmall { provided: U256, required: U256 },
    #[error("provider {0} has no registered service")]
    NoService(Address),
    #[error("customer {user} has no sub-account at provider {provider}")]
    NoAccount { user: Address, provider: Address },
    #[error(
        "signer {signer} of provider {provider} is not accepted: neither by the owner, nor a verifier, nor the customer"
    )]
    SignerNotAccepted { provider: Address, signer: Address },
    #[error("the result must be signed by {expected}, the signer at delivery, not by {ours}")]
    SignerChanged { expected: Address, ours: Address },
    #[error("the signer refuses to sign")]
    NotSigned,
    #[error("the customer may still acknowledge until {0}")]
    WindowOpen(Seconds),
    #[error("the customer acknowledged in the meantime: the key is due")]
    KeyDue,
    #[error("the customer did not acknowledge: no key is due")]
    KeyNotDue,
    #[error("the customer's previous result is not acknowledged yet")]
    PreviousOpen,
    #[error("the result is on chain already")]
    ResultExists,
    #[error("the result is not on chain")]
    ResultUnknown,
    #[error("the result is settled already")]
    AlreadySettled,
    /// The contract has one error with a text for several causes; the text is for people.
    #[error("the settlement is refused: {0:?}")]
    Settlement(String),
    #[error("nothing to claim")]
    NothingToClaim,
    #[error("the ledger refuses with {0}")]
    Ledger(Selector),
    #[error("the contract refuses with {0}")]
    Other(Selector),
    #[error("the contract refuses without a reason")]
    Silent,
}

impl Refusal {
    /// Reads revert data.
    pub fn from_revert(data: &Bytes) -> Self {
        let Some(selector) = data.first_chunk::<4>() else {
            return Self::Silent;
        };
        match MarketErrors::abi_decode(data) {
            Ok(error) => Self::from_market(error, Selector::from(*selector)),
            Err(_unknown) if LedgerErrors::valid_selector(*selector) => {
                Self::Ledger(Selector::from(*selector))
            }
            Err(_unknown) => Self::Other(Selector::from(*selector)),
        }
    }

    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the rest of the contract's errors are shown by selector"
    )]
    fn from_market(error: MarketErrors, selector: Selector) -> Self {
        use MarketErrors as E;
        match error {
            E::OrderNotYours(e) => Self::OrderNotYours(TaskId(e.orderId.0)),
            E::OrderStateWrong(e) => Self::OrderState {
                task: TaskId(e.orderId.0),
                state: e.state,
            },
            E::OrderDeadlinePassed(e) => Self::DeadlinePassed(e.deadline),
            E::OrderSignatureInvalid(_) => Self::OrderSignature,
            E::OrderNonceUsed(e) => Self::OrderNonceUsed(e.nonce),
            E::OrderFeeNotCovered(e) => Self::FeeNotCovered {
                available: e.available,
                required: e.required,
            },
            E::FeeAboveOrder(e) => Self::FeeAboveOrder {
                fee: e.taskFee,
                most: e.feeMax,
            },
            E::BondTooSmall(e) => Self::BondTooSmall {
                free: e.free,
                required: e.required,
            },
            E::InsufficientStake(e) => Self::StakeTooSmall {
                provided: e.provided,
                required: e.required,
            },
            E::ServiceNotExist(e) => Self::NoService(e.provider),
            E::AccountNotExists(e) => Self::NoAccount {
                user: e.user,
                provider: e.provider,
            },
            E::SignerUnknown(e) => Self::SignerNotAccepted {
                provider: e.provider,
                signer: e.signer,
            },
            E::AcknowledgementWindowOpen(e) => Self::WindowOpen(e.until.saturating_to()),
            E::SecretShouldNotBeEmpty(_) => Self::KeyDue,
            E::SecretShouldBeEmpty(_) => Self::KeyNotDue,
            E::PreviousDeliverableNotAcknowledged(_) => Self::PreviousOpen,
            E::DeliverableAlreadyExists(_) => Self::ResultExists,
            E::DeliverableNotExists(_) => Self::ResultUnknown,
            E::DeliverableAlreadySettled(_) => Self::AlreadySettled,
            E::InvalidVerifierInput(e) => Self::Settlement(e.reason.chars().take(100).collect()),
            E::NothingToClaim(_) => Self::NothingToClaim,
            _ => Self::Other(selector),
        }
    }

    /// What a customer is told, where this ends a task for good.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::OrderTaken(_) | Self::OrderNotYours(_) => Some(Reason::WrongProvider),
            Self::DeadlinePassed(_) => Some(Reason::DeadlinePassed),
            Self::OrderSignature => Some(Reason::SignatureInvalid),
            Self::OrderNonceUsed(_) => Some(Reason::NonceUsed),
            Self::FeeNotCovered { .. } | Self::NoAccount { .. } => Some(Reason::FundsNotReserved),
            Self::SignerNotAccepted { .. } => Some(Reason::SignerNotAcknowledged),
            Self::BondTooSmall { .. } | Self::FeeAboveOrder { .. } => {
                Some(Reason::TermsNotAccepted)
            }
            // What an operator can mend, or what the next reading of the chain clears up.
            Self::OrderUnknown(_)
            | Self::OrderState { .. }
            | Self::OtherResult(_)
            | Self::StakeTooSmall { .. }
            | Self::NoService(_)
            | Self::SignerChanged { .. }
            | Self::NotSigned
            | Self::WindowOpen(_)
            | Self::KeyDue
            | Self::KeyNotDue
            | Self::PreviousOpen
            | Self::ResultExists
            | Self::ResultUnknown
            | Self::AlreadySettled
            | Self::Settlement(_)
            | Self::NothingToClaim
            | Self::Ledger(_)
            | Self::Other(_)
            | Self::Silent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    fn refused(hexed: &str) -> Refusal {
        Refusal::from_revert(&hex::decode(hexed).unwrap().into())
    }

    #[test]
    fn the_originals_errors_are_told_by_the_originals_selectors() {
        assert_eq!(refused("36c2e3b4"), Refusal::KeyNotDue);
        assert_eq!(refused("78be17a2"), Refusal::KeyDue);
        let no_service = format!("098eda7e{:0>64}", "01");
        assert!(matches!(refused(&no_service), Refusal::NoService(_)));
        let stake = format!("45be0a26{:0>64}{:0>64}", "01", "64");
        let expected = Refusal::StakeTooSmall {
            provided: U256::from(1),
            required: U256::from(100),
        };
        assert_eq!(refused(&stake), expected);
        let ledger = refused(&format!("7d2d536b{:0>64}", "01"));
        assert_eq!(ledger, Refusal::Ledger([0x7d, 0x2d, 0x53, 0x6b].into()));
    }

    #[test]
    fn unheard_short_and_broken_errors_are_refusals_all_the_same() {
        assert_eq!(refused(""), Refusal::Silent);
        assert_eq!(refused("0102"), Refusal::Silent);
        assert_eq!(
            refused("deadbeef"),
            Refusal::Other([0xde, 0xad, 0xbe, 0xef].into())
        );
        assert_eq!(
            refused("098eda7e01"),
            Refusal::Other([0x09, 0x8e, 0xda, 0x7e].into())
        );
    }

    #[test]
    fn a_text_of_the_contract_is_shown_in_part_and_on_one_line() {
        use crate::bindings::Market::InvalidVerifierInput;
        use alloy_sol_types::SolError;
        let long = InvalidVerifierInput {
            reason: "line\n".repeat(1000),
        };

        let shown = Refusal::from_revert(&long.abi_encode().into()).to_string();

        assert!(shown.len() < 200 && !shown.contains('\n'), "{shown}");
    }
}
