//! Proofs that a customer signed, as types only a check can make.

use alloy_primitives::Address;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use proto::{EncryptionKey, Order};

/// An order whose customer signed it, as checked by [`VerifiedOrder::check`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedOrder(Order);

/// A wallet that signed a digest, and the public key its signature gave away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedWallet {
    address: Address,
    key: VerifyingKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    #[error(
        "the signature is malformed: r and s below the curve's order, then v of 0, 1, 27 or 28"
    )]
    Malformed,
    #[error("{0} signed this, not the customer")]
    BySomeoneElse(Address),
}

impl VerifiedOrder {
    /// The order, if its `customer` signed its EIP-712 digest.
    pub fn check(order: Order, signature: &[u8; 65]) -> Result<Self, NotSigned> {
        VerifiedWallet::check(&order.id().0, signature, order.customer)?;
        Ok(Self(order))
    }

    pub const fn order(&self) -> &Order {
        &self.0
    }

    pub(super) const fn encryption_key(&self) -> &EncryptionKey {
        &self.0.encryption_key
    }
}

impl VerifiedWallet {
    /// The wallet at `customer`, if it signed `digest`. The digest must be the
    /// caller's own reckoning of what was ordered, never one that came along.
    pub fn check(
        digest: &[u8; 32],
        signature: &[u8; 65],
        customer: Address,
    ) -> Result<Self, NotSigned> {
        let key = recover(digest, signature).ok_or(NotSigned::Malformed)?;
        let address = Address::from_public_key(&key);
        if address == customer {
            Ok(Self { address, key })
        } else {
            Err(NotSigned::BySomeoneElse(address))
        }
    }

    pub const fn address(&self) -> Address {
        self.address
    }

    pub(super) fn public_key(&self) -> k256::PublicKey {
        self.key.into()
    }
}

/// The key that made an Ethereum signature: r ‖ s ‖ v, v of 0/1 or 27/28.
pub(super) fn recover(digest: &[u8; 32], signature: &[u8; 65]) -> Option<VerifyingKey> {
    let (v, rs) = signature.split_last()?;
    let parity = match v {
        0 | 27 => 0,
        1 | 28 => 1,
        _ => return None,
    };
    let rs = Signature::from_slice(rs).ok()?;
    let id = RecoveryId::from_byte(parity)?;
    VerifyingKey::recover_from_prehash(digest, &rs, id).ok()
}
