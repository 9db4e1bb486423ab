//! Whom a recipient can be made from, and whom not.

use super::*;
use crate::test_attested::{attested, transcript};

#[test]
fn an_enclave_opens_what_was_sealed_to_its_report() {
    let signer = k256::SecretKey::from_slice(&[8; 32]).unwrap();
    let point = signer.public_key().to_sec1_bytes()[..].try_into().unwrap();
    let proven = attested(Some(transcript(point, proto::Digest::default())));
    let mut blob = Vec::new();

    let to = Recipient::of_enclave(&proven).unwrap();
    seal(&to, &LABEL, &b"dataset"[..], &mut blob, &rng()).unwrap();

    let key = OpeningKey::secp256k1(&[8; 32]).unwrap();
    let mut out = Vec::new();
    open(&key, &LABEL, &blob[..], &mut out).unwrap();
    assert_eq!(out, b"dataset");
}

#[test]
fn evidence_judged_without_its_binding_names_no_recipient() {
    let refused = Recipient::of_enclave(&attested(None)).unwrap_err();

    assert_eq!(refused, BadRecipient::NotBound);
}

#[test]
fn an_order_its_customer_signed_names_a_recipient() {
    let wallet = SigningKey::from_slice(&[5; 32]).unwrap();
    let order = signed(order(Address::from_private_key(&wallet)));
    let to = Recipient::of_order(&order).unwrap();
    let mut blob = Vec::new();

    seal(&to, &LABEL, &b"adapter"[..], &mut blob, &rng()).unwrap();

    let key = OpeningKey::secp256k1(&[5; 32]).unwrap();
    let mut out = Vec::new();
    open(&key, &LABEL, &blob[..], &mut out).unwrap();
    assert_eq!(out, b"adapter");
}

#[test]
fn an_order_someone_else_signed_names_none() {
    let mallory = SigningKey::from_slice(&[6; 32]).unwrap();
    let order = order(Address::repeat_byte(9));
    let signature = sign(&mallory, &order.id().0);

    let refused = VerifiedOrder::check(order, &signature).unwrap_err();

    let signer = Address::from_private_key(&mallory);
    assert_eq!(refused, NotSigned::BySomeoneElse(signer));
}

#[test]
fn an_order_altered_after_signing_names_none() {
    let wallet = SigningKey::from_slice(&[5; 32]).unwrap();
    let mut order = order(Address::from_private_key(&wallet));
    let signature = sign(&wallet, &order.id().0);
    order.encryption_key = EncryptionKey::X25519([3; 32]);

    assert!(VerifiedOrder::check(order, &signature).is_err());
}

#[test]
fn a_key_off_the_curve_is_no_recipient() {
    let wallet = SigningKey::from_slice(&[5; 32]).unwrap();
    let mut order = order(Address::from_private_key(&wallet));
    order.encryption_key = EncryptionKey::Secp256k1 {
        parity: 2,
        x: [0xff; 32],
    };

    let refused = Recipient::of_order(&signed(order)).unwrap_err();

    assert_eq!(refused, BadRecipient::NotOnTheCurve);
}
