//! The fuzz targets' short form: every input that was worth keeping, and each of them spoilt.

use proto::Root;
use std::path::PathBuf;
use storage::id::{BadOutline, Outline};
use storage::{FileInfo, Limits, SegmentWithProof, parse_answer, read_package};

/// The committed inputs of one target, and each with single bytes changed and its end cut off.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let files = std::fs::read_dir(folder).expect("the corpus");
    let kept: Vec<Vec<u8>> = files
        .map(|file| std::fs::read(file.expect("a file").path()).expect("read"))
        .collect();
    assert!(!kept.is_empty());
    kept.iter().flat_map(|input| spoilt(input)).collect()
}

fn spoilt(input: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![input.to_vec()];
    let step = (input.len() / 64).max(1);
    for at in (0..input.len()).step_by(step) {
        let mut changed = input.to_vec();
        changed[at] ^= 1 << (at % 8);
        all.push(changed);
        all.push(input[..at].to_vec());
    }
    all
}

#[test]
fn answers_are_read_or_refused() {
    for input in inputs("answer") {
        let _segment = parse_answer::<Option<SegmentWithProof>>("corpus", &input);
        let _info = parse_answer::<Option<FileInfo>>("corpus", &input);
    }
}

#[test]
fn an_outline_that_is_read_is_written_the_same() {
    let mut read = 0;
    for input in inputs("outline") {
        if let Err(BadOutline::Root(root)) = Outline::parse(Root([0; 32]), &input) {
            let outline = Outline::parse(root, &input).expect("it makes this root");
            assert_eq!(outline.to_bytes(), input);
            read += 1;
        }
    }
    assert!(read > 0);
}

#[test]
fn a_package_gives_no_more_bytes_than_it_has() {
    let mut good = 0;
    for input in inputs("package") {
        let mut total = 0;
        let limits = Limits {
            entries: 64,
            bytes: 1 << 20,
        };
        let read = read_package(input.as_slice(), limits, |entry, content| {
            let length = std::io::copy(content, &mut std::io::sink()).expect("memory is read");
            assert!(length <= entry.size);
            assert!(!entry.name.starts_with('/') && entry.name.split('/').all(|part| part != ".."));
            total += length;
            Ok(())
        });
        let bytes = u64::try_from(input.len()).expect("small");
        assert!(read.is_err() || total <= bytes);
        good += u32::from(read.is_ok());
    }
    assert!(good > 0);
}
