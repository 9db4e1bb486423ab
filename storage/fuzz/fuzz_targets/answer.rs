//! Answers of storage nodes: never a panic, whatever they say.
#![no_main]

use libfuzzer_sys::fuzz_target;
use storage::{FileInfo, SegmentWithProof, parse_answer};

fuzz_target!(|bytes: &[u8]| {
    let _segment = parse_answer::<Option<SegmentWithProof>>("fuzz", bytes);
    let _info = parse_answer::<Option<FileInfo>>("fuzz", bytes);
});
