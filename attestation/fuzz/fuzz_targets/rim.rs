//! A reference file from anybody: no panic.
#![no_main]

use attestation::gpu::Rim;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Rim::parse(data);
});
