//! A sealed blob from anybody: no panic, and what opens is what was sealed.
#![no_main]

use attestation::sealing::{EnclaveSecret, Label, OpeningKey, Purpose, Recipient, open, seal};
use libfuzzer_sys::fuzz_target;
use ring::rand::SystemRandom;

const LABEL: Label = Label {
    purpose: Purpose::Dataset,
    context: [1; 32],
};

// The first byte chooses: the rest as a blob, or as edits of a genuine one, each a
// place of two bytes and a byte to put there.
fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((0..=127, blob)) => assert!(opened(blob).is_none()),
        Some((_, edits)) => edited(edits),
        None => {}
    }
});

fn edited(edits: &[u8]) {
    let plain = vec![7; 300];
    let mut blob = Vec::new();
    let to = Recipient::own(&enclave());
    seal(&to, &LABEL, &plain[..], &mut blob, &SystemRandom::new()).unwrap();
    let genuine = blob.clone();
    for edit in edits.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % blob.len();
        blob[place] = edit[2];
    }

    match opened(&blob) {
        Some(opened) => assert!(opened == plain && blob == genuine),
        None => assert!(blob != genuine),
    }
}

fn opened(blob: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let key = OpeningKey::own(&enclave());
    open(&key, &LABEL, blob, &mut plain).ok().map(|_len| plain)
}

fn enclave() -> EnclaveSecret {
    EnclaveSecret::take(&mut [9; 32])
}
