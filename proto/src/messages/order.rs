//! The order, the permit and their signatures on the wire.

use crate::checked::{Checked, FIELD_BYTES_MAX};
use crate::malformed::At;
use crate::{
    Action, Address, EncryptionKey, Malformed, Order, Permit, Provider, RecipeDigest, Root, Scope,
    Signature, SignedOrder, SignedPermit, Tier, U256, Wei, wire,
};

enumeration! { Tier { Development, Cpu, CpuAndGpu, } }

enumeration! { Action { Read, Cancel, Upload, } }

fields! { Order {
    chain_id: u64,
    contract: Address,
    customer: Address,
    provider: Provider,
    base_model: Root,
    dataset: Root,
    recipe: RecipeDigest,
    fee_max: Wei,
    deadline: u64,
    nonce: U256,
    encryption_key: EncryptionKey,
    tier: Tier,
    ack_window_secs: u64,
    penalty_bps: u16,
    compensation: Wei,
    resumable: bool,
} }

fields! { SignedOrder {
    order: Order,
    signature: Signature,
} }

/// The signature stands beside what it signs on the wire, and around it here.
impl Checked<wire::Permit> for SignedPermit {
    const BYTES_MAX: usize = 7 * (FIELD_BYTES_MAX + 65);

    fn check(wire: wire::Permit) -> Result<Self, Malformed> {
        let permit = Permit {
            chain_id: wire.chain_id,
            contract: Checked::check(wire.contract).at("contract")?,
            customer: Checked::check(wire.customer).at("customer")?,
            action: Checked::check(wire.action).at("action")?,
            scope: Scope::check(wire.task).at("task")?,
            expires: wire.expires,
        };
        let signature = Checked::check(wire.signature).at("signature")?;
        Ok(Self { permit, signature })
    }

    fn into_wire(self) -> wire::Permit {
        let Self { permit, signature } = self;
        wire::Permit {
            chain_id: permit.chain_id,
            contract: permit.contract.into_wire(),
            customer: permit.customer.into_wire(),
            action: permit.action.into_wire(),
            task: permit.scope.into_wire(),
            expires: permit.expires,
            signature: signature.into_wire(),
        }
    }
}

is_message! { SignedPermit = Permit }
