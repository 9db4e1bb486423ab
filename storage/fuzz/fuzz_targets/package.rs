//! Packages: no panic, no more bytes than there are, and one form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use storage::{Limits, read_package};

fuzz_target!(|bytes: &[u8]| {
    let mut total = 0;
    let limits = Limits { entries: 64, bytes: 1 << 20 };
    let read = read_package(bytes, limits, |entry, content| {
        let length = std::io::copy(content, &mut std::io::sink()).expect("memory is read");
        assert!(length <= entry.size);
        total += length;
        assert!(!entry.name.starts_with('/') && !entry.name.split('/').any(|part| part == ".."));
        Ok(())
    });
    assert!(read.is_err() || total <= bytes.len() as u64);
});
