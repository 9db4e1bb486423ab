//! What must hold of sealed bytes: the laws, 0G's recorded vectors, and every way to cheat.
#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test that panics is a test that fails"
)]

mod artefacts;
mod blobs;
mod recipients;
mod recorded;

use super::artefact::Cutter;
use super::cipher::hkdf;
use super::ecies::{shared_key, wrap_with};
use super::*;
use alloy_primitives::{Address, keccak256};
use k256::ecdsa::SigningKey;
use proptest::prelude::*;
use proto::{EncryptionKey, Order, Provider, RecipeDigest, Root, Seconds, TaskId, Tier, U256, Wei};
use ring::rand::SystemRandom;
use std::io::Cursor;

const LABEL: Label = Label {
    purpose: Purpose::Dataset,
    context: [7; 32],
};
const KIB: usize = 1024;
const CHUNK: usize = 128 * KIB;

fn rng() -> SystemRandom {
    SystemRandom::new()
}

fn enclave(byte: u8) -> EnclaveSecret {
    EnclaveSecret::take(&mut [byte; 32])
}

fn sealed(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    seal(
        &Recipient::own(&enclave(1)),
        &LABEL,
        plain,
        &mut out,
        &rng(),
    )
    .unwrap();
    out
}

fn opened(blob: &[u8]) -> Result<Vec<u8>, OpenError> {
    let mut out = Vec::new();
    open(&OpeningKey::own(&enclave(1)), &LABEL, blob, &mut out).map(|_len| out)
}

fn text(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

/// A header under X25519: 76 bytes, suite, key id, ephemeral key, wrapped key.
const HEADER: usize = 76 + 1 + 32 + 32 + 48;
const SEALED_CHUNK: usize = CHUNK + 16;

/// 0G's own bytes, as their client decrypts them.
/// RFC 5869, appendix A.1 and A.3, the first block of output.
#[test]
fn hkdf_is_rfc_5869s() {
    let salt: Vec<u8> = (0..=12).collect();
    let info: Vec<u8> = (0xf0..=0xf9).collect();

    let with_all = hkdf(&salt, &[0x0b; 22], &[&info]);
    let with_none = hkdf(b"", &[0x0b; 22], &[]);

    let first = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf";
    let third = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d";
    assert_eq!(hex::encode(with_all.as_ref()), first);
    assert_eq!(hex::encode(with_none.as_ref()), third);
}

fn sign(key: &SigningKey, digest: &[u8; 32]) -> [u8; 65] {
    let (signature, id) = key.sign_prehash_recoverable(digest).unwrap();
    let mut out = [0; 65];
    out[..64].copy_from_slice(&signature.to_bytes());
    out[64] = id.to_byte();
    out
}

fn signed(mut order: Order) -> VerifiedOrder {
    let wallet = SigningKey::from_slice(&[5; 32]).unwrap();
    order.customer = Address::from_private_key(&wallet);
    let signature = sign(&wallet, &order.id().0);
    VerifiedOrder::check(order, &signature).unwrap()
}

fn order(customer: Address) -> Order {
    let wallet = k256::SecretKey::from_slice(&[5; 32]).unwrap();
    Order {
        chain_id: 31337,
        contract: Address::repeat_byte(1),
        customer,
        provider: Provider::Any,
        base_model: Root([1; 32]),
        dataset: Root([2; 32]),
        recipe: RecipeDigest([3; 32]),
        fee_max: Wei(U256::from(1)),
        deadline: deadline(),
        nonce: U256::ZERO,
        encryption_key: compressed(&wallet.public_key()),
        tier: Tier::Cpu,
        ack_window_secs: 60,
        penalty_bps: 0,
        compensation: Wei(U256::ZERO),
        resumable: false,
    }
}

fn deadline() -> Seconds {
    1_800_000_000
}

fn compressed(key: &k256::PublicKey) -> EncryptionKey {
    EncryptionKey::try_from(&key.to_sec1_bytes()[..]).unwrap()
}
