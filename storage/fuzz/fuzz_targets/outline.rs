//! Outlines: what is read is written the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proto::Root;
use storage::id::{BadOutline, Outline};

fuzz_target!(|bytes: &[u8]| {
    if let Err(BadOutline::Root(root)) = Outline::parse(Root([0; 32]), bytes) {
        let outline = Outline::parse(root, bytes).expect("it makes this root");
        assert_eq!(outline.to_bytes(), bytes);
    }
});
