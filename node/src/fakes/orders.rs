//! Orders that differ only by their number.

use proto::{
    Address, EncryptionKey, Order, Provider, RecipeDigest, Root, Seconds, Tier, U256, Wei,
};

/// The order of this number, worth a million and its number.
pub fn order(number: u64, deadline: Seconds) -> Order {
    Order {
        chain_id: 31337,
        contract: Address::repeat_byte(0xc0),
        customer: Address::repeat_byte(0xcc),
        provider: Provider::Any,
        base_model: Root([0xb0; 32]),
        dataset: Root([0xda; 32]),
        recipe: RecipeDigest([0x4e; 32]),
        fee_max: Wei::from(1_000_000 + number),
        deadline,
        nonce: U256::from(number),
        encryption_key: EncryptionKey::X25519([0xec; 32]),
        tier: Tier::Development,
        ack_window_secs: 30,
        penalty_bps: 3_000,
        compensation: Wei::ZERO,
        resumable: false,
    }
}
