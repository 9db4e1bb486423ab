//! Any bytes as a checkpoint: whole, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trainer::checkpoint::{read_snapshot, write_snapshot};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(snapshot) = read_snapshot(&mut &*bytes) {
        let mut again = Vec::new();
        write_snapshot(&snapshot, &mut again).expect("memory can be written");
        assert!(read_snapshot(&mut again.as_slice()).is_ok());
    }
});
