//! Which signatures are accepted, and whom they bind.

#![allow(clippy::unwrap_used, reason = "a test")]

use k256::ecdsa::SigningKey;
use proptest::prelude::*;
use proto::{
    Action, Address, BadSignature, NotBinding, Permit, Scope, Signature, SignedPermit, TaskId, U256,
};

const ORDER: &str = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

fn key() -> SigningKey {
    SigningKey::from_slice(&[0x5e; 32]).unwrap()
}

fn customer() -> Address {
    Address::from_private_key(&key())
}

fn permit() -> Permit {
    Permit {
        chain_id: 1,
        contract: Address::repeat_byte(1),
        customer: customer(),
        action: Action::Read,
        scope: Scope::Task(TaskId([7; 32])),
        expires: 100,
    }
}

fn signed(digest: &[u8; 32]) -> [u8; 65] {
    let (signature, recovery) = key().sign_prehash_recoverable(digest).unwrap();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    bytes[64] = recovery.to_byte();
    bytes
}

fn number(bytes: &[u8]) -> U256 {
    U256::from_be_slice(bytes)
}

#[test]
fn both_ways_to_write_the_last_byte_are_one_signature() {
    let short = signed(&[3; 32]);
    let mut long = short;
    long[64] += 27;

    let [short, long] = [short, long].map(|bytes| Signature::try_from(&bytes[..]).unwrap());

    assert_eq!(short, long);
    assert_eq!(short.signer(&[3; 32]), Ok(customer()));
}

#[test]
fn any_other_last_byte_is_refused() {
    for last in (0..=255).filter(|last| ![0, 1, 27, 28].contains(last)) {
        let mut bytes = signed(&[3; 32]);
        bytes[64] = last;
        let refused = Signature::try_from(&bytes[..]);
        assert_eq!(refused, Err(BadSignature::Recovery(last)));
    }
}

#[test]
fn the_mirrored_signature_is_refused() {
    let mut bytes = signed(&[3; 32]);
    let s = ORDER.parse::<U256>().unwrap() - number(&bytes[32..64]);
    bytes[32..64].copy_from_slice(&s.to_be_bytes::<32>());
    bytes[64] ^= 1;

    assert_eq!(Signature::try_from(&bytes[..]), Err(BadSignature::HighS));
}

#[test]
fn numbers_out_of_range_are_refused() {
    let order = ORDER.parse::<U256>().unwrap().to_be_bytes::<32>();
    for (part, value) in [(0, [0; 32]), (32, [0; 32]), (0, order), (32, order)] {
        let mut bytes = signed(&[3; 32]);
        bytes[part..part + 32].copy_from_slice(&value);
        assert_eq!(Signature::try_from(&bytes[..]), Err(BadSignature::Range));
    }
}

#[test]
fn somebody_elses_permit_does_not_bind_the_customer() {
    let signature = Signature::try_from(&signed(&permit().digest())[..]).unwrap();
    let customer = Address::repeat_byte(9);
    let permit = Permit {
        customer,
        ..permit()
    };

    let refused = SignedPermit { permit, signature }.verify().map(drop);

    assert!(
        matches!(refused, Err(NotBinding::SomebodyElse { customer: named, .. }) if named == customer)
    );
}

#[test]
fn a_permit_allows_what_it_says_until_it_expires() {
    let permit = permit();
    let task = TaskId([7; 32]);

    assert!(permit.allows(Action::Read, task, 99));
    assert!(!permit.allows(Action::Read, task, 100));
    assert!(!permit.allows(Action::Cancel, task, 99));
    assert!(!permit.allows(Action::Read, TaskId([8; 32]), 99));
}

proptest! {
    #[test]
    fn foreign_signatures_never_panic(bytes: Vec<u8>, digest: [u8; 32]) {
        if let Ok(signature) = Signature::try_from(bytes.as_slice()) {
            let _signer = signature.signer(&digest);
        }
    }

    #[test]
    fn numbers_in_range_never_panic(r: [u8; 31], s: [u8; 31], odd: bool, digest: [u8; 32]) {
        let bytes = [&[0], &r[..], &[0], &s[..], &[u8::from(odd)]].concat();
        if let Ok(signature) = Signature::try_from(bytes.as_slice()) {
            let _signer = signature.signer(&digest);
        }
    }

    #[test]
    fn a_signature_comes_back_from_its_bytes(digest: [u8; 32]) {
        let signature = Signature::try_from(&signed(&digest)[..]).unwrap();
        prop_assert_eq!(Signature::try_from(&signature.to_bytes()[..]), Ok(signature));
        prop_assert_eq!(signature.signer(&digest), Ok(customer()));
    }
}
