//! Sealed blobs: what opens is what was sealed, byte for byte.

use crate::sealing::{EnclaveSecret, Label, OpeningKey, Purpose, Recipient, open, seal};
use ring::rand::SystemRandom;

const LABEL: Label = Label {
    purpose: Purpose::Dataset,
    context: [1; 32],
};

/// The first byte chooses: the rest as a blob, or as edits of a genuine one, each a
/// place of two bytes and a byte to put there.
pub fn sealed_blob(bytes: &[u8]) {
    match bytes.split_first() {
        Some((0..=127, blob)) => assert!(opened(blob).is_none()),
        Some((_, edits)) => edited(edits),
        None => {}
    }
}

fn edited(edits: &[u8]) {
    let plain = [7; 300];
    let genuine = sealed(&plain);
    let mut blob = genuine.clone();
    for edit in edits.as_chunks::<3>().0 {
        put(&mut blob, *edit);
    }

    match opened(&blob) {
        Some(opened) => assert!(opened == plain && blob == genuine),
        None => assert!(blob != genuine),
    }
}

fn put(blob: &mut [u8], [low, high, value]: [u8; 3]) {
    let place = usize::from(u16::from_le_bytes([low, high])).checked_rem(blob.len());
    if let Some(byte) = place.and_then(|place| blob.get_mut(place)) {
        *byte = value;
    }
}

fn sealed(plain: &[u8]) -> Vec<u8> {
    let mut blob = Vec::new();
    let to = Recipient::own(&enclave());
    let done = seal(&to, &LABEL, plain, &mut blob, &SystemRandom::new());
    assert!(done.is_ok());
    blob
}

fn opened(blob: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let key = OpeningKey::own(&enclave());
    open(&key, &LABEL, blob, &mut plain).ok().map(|_len| plain)
}

fn enclave() -> EnclaveSecret {
    EnclaveSecret::take(&mut [9; 32])
}
