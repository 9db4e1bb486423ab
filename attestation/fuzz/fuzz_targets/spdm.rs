#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| attestation::fuzzing::spdm(bytes));
