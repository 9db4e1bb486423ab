//! Proofs: never a panic, and nothing but the true segment is ever proven.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proto::Root;
use storage::id::{Proof, Shape, outline_of};

fuzz_target!(|given: (u64, u64, Vec<[u8; 32]>, Vec<bool>, Vec<u8>, u16)| {
    let (size, index, lemma, path, data, cut) = given;
    let proof = Proof { lemma, path };
    if let Some(shape) = Shape::of(size) {
        let _foreign = proof.check(Root([7; 32]), shape, index, &data);
    }
    let Ok(outline) = outline_of(data.as_slice()) else { return };
    let cut = usize::from(cut).min(data.len() - 1);
    assert!(proof.check(outline.root(), outline.shape(), index, &data[..cut]).is_err());
});
