//! Digests and signatures of orders and permits, as ethers makes them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use proto::{
    Address, Digest, EncryptionKey, Order, Permit, Scope, Signature, SignedOrder, SignedPermit,
    TaskId, Tier, U256, Wei,
};
use serde_json::Value;
use std::collections::BTreeSet;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/order-digests.json")).unwrap()
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_else(|| panic!("{field}"))
}

fn address(object: &Value, field: &str) -> Address {
    text(object, field).parse().unwrap()
}

fn integer(object: &Value, field: &str) -> u64 {
    let value = &object[field];
    value
        .as_u64()
        .unwrap_or_else(|| text(object, field).parse().unwrap())
}

fn bytes(object: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(object, field).trim_start_matches("0x")).unwrap()
}

fn order(object: &Value) -> Order {
    let number = |field| text(object, field).parse::<U256>().unwrap();
    Order {
        chain_id: integer(object, "chainId"),
        contract: address(object, "contract"),
        customer: address(object, "customer"),
        provider: address(object, "provider").into(),
        base_model: text(object, "baseModel").parse().unwrap(),
        dataset: text(object, "dataset").parse().unwrap(),
        recipe: text(object, "recipe").parse().unwrap(),
        fee_max: Wei(number("feeMax")),
        deadline: integer(object, "deadline"),
        nonce: number("nonce"),
        encryption_key: EncryptionKey::try_from(&*bytes(object, "encryptionKey")).unwrap(),
        tier: Tier::try_from(u8::try_from(integer(object, "tier")).unwrap()).unwrap(),
        ack_window_secs: integer(object, "ackWindow"),
        penalty_bps: u16::try_from(integer(object, "penaltyBps")).unwrap(),
        compensation: Wei(number("compensation")),
        resumable: object["resumable"].as_bool().unwrap(),
    }
}

fn permit(golden: &Value, object: &Value) -> Permit {
    let task: TaskId = text(object, "task").parse().unwrap();
    Permit {
        chain_id: integer(&golden["permitDomain"], "chainId"),
        contract: address(&golden["permitDomain"], "contract"),
        customer: address(object, "customer"),
        action: match integer(object, "action") {
            1 => proto::Action::Read,
            2 => proto::Action::Cancel,
            _ => proto::Action::Upload,
        },
        scope: if task == TaskId::default() {
            Scope::AllTasks
        } else {
            Scope::Task(task)
        },
        expires: integer(object, "expires"),
    }
}

fn signature(object: &Value) -> Signature {
    Signature::try_from(&*bytes(object, "signature")).unwrap()
}

#[test]
fn an_orders_digest_is_the_one_ethers_computes() {
    let golden = golden();
    let vectors = golden["orders"].as_array().unwrap();

    assert!(vectors.len() >= 12);
    for vector in vectors {
        let id = order(&vector["order"]).id();
        assert_eq!(id.to_string(), vector["digest"], "{}", vector["name"]);
    }
}

#[test]
fn no_two_of_the_orders_have_one_digest() {
    let golden = golden();
    let vectors = golden["orders"].as_array().unwrap();

    let ids: BTreeSet<_> = vectors.iter().map(|v| order(&v["order"]).id()).collect();

    assert_eq!(ids.len(), vectors.len());
}

#[test]
fn who_signed_with_ethers_is_found() {
    let golden = golden();
    let wallet = address(&golden, "signer");

    for vector in golden["orders"].as_array().unwrap() {
        let signed = SignedOrder {
            order: order(&vector["order"]),
            signature: signature(vector),
        };
        assert_eq!(signed.signer(), Ok(wallet));
        let binding = signed.order.customer == wallet;
        assert_eq!(signed.verify().is_ok(), binding, "{}", vector["name"]);
    }
}

#[test]
fn a_permits_digest_is_the_one_ethers_computes() {
    let golden = golden();

    for vector in golden["permits"].as_array().unwrap() {
        let permit = permit(&golden, &vector["permit"]);
        assert_eq!(Digest(permit.digest()).to_string(), vector["digest"]);
        let signed_permit = SignedPermit {
            permit,
            signature: signature(vector),
        };
        assert_eq!(signed_permit.verify(), Ok(&signed_permit.permit));
    }
}

#[test]
fn every_field_of_an_order_changes_its_digest() {
    let golden = golden();
    let plain = order(&golden["orders"][0]["order"]);
    let other = Address::repeat_byte(0x77);
    let changes: [fn(&mut Order, Address); 16] = [
        |order, _| order.chain_id += 1,
        |order, other| order.contract = other,
        |order, other| order.customer = other,
        |order, other| order.provider = other.into(),
        |order, _| order.base_model.0[31] ^= 1,
        |order, _| order.dataset.0[31] ^= 1,
        |order, _| order.recipe.0[31] ^= 1,
        |order, _| order.fee_max = Wei(order.fee_max.0 + U256::ONE),
        |order, _| order.deadline += 1,
        |order, _| order.nonce += U256::ONE,
        |order, _| order.encryption_key = EncryptionKey::X25519([9; 32]),
        |order, _| order.tier = Tier::CpuAndGpu,
        |order, _| order.ack_window_secs += 1,
        |order, _| order.penalty_bps += 1,
        |order, _| order.compensation = Wei(order.compensation.0 + U256::ONE),
        |order, _| order.resumable = !order.resumable,
    ];

    let mut ids = BTreeSet::from([plain.id()]);
    for change in changes {
        let mut order = plain.clone();
        change(&mut order, other);
        ids.insert(order.id());
    }

    assert_eq!(ids.len(), 1 + changes.len());
}
