//! The rules that only the chain can tell.

use proto::Reason;

/// How an order's money stands, in final blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// The order is open and its fee reserved, or it is ours already.
    Yes,
    /// The chain does not know the order, and its nonce is still free.
    NotYet,
    /// Another order has used the nonce.
    NonceUsed,
    /// Another provider has the order.
    TakenByAnother,
    /// It ended: paid, released or withdrawn.
    Over,
}

/// What the chain says of an order and of this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnChain {
    pub reserved: Reserved,
    /// The signer is accepted by the owner, a verifier, or this customer.
    pub signer_is_accepted: bool,
    /// The bond has room for the order's compensation.
    pub bond_covers: bool,
}

/// Judges what the chain knows.
pub fn on_chain(known: OnChain) -> Result<(), Reason> {
    match known.reserved {
        Reserved::Yes => {}
        Reserved::NotYet | Reserved::Over => return Err(Reason::FundsNotReserved),
        Reserved::NonceUsed => return Err(Reason::NonceUsed),
        Reserved::TakenByAnother => return Err(Reason::WrongProvider),
    }
    if !known.signer_is_accepted {
        return Err(Reason::SignerNotAcknowledged);
    }
    if !known.bond_covers {
        return Err(Reason::TermsNotAccepted);
    }
    Ok(())
}
