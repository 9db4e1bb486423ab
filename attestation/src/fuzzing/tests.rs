//! The short form of the fuzzers: every target over its corpus and changes of it.

use super::*;
use proptest::prelude::*;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ASK: &[u8] = include_bytes!("../../roots/genoa/ask.der");
/// Enough to go through a second or two for each target.
const CHANGES_OF_EACH: u64 = 60;

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(folder)
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is part of the checkout");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    paths.sort();
    paths
}

fn stems(folder: &str) -> BTreeSet<String> {
    let stem = |path: &PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into());
    listed(&here(folder)).iter().filter_map(stem).collect()
}

/// A few bytes changed, a piece cut out, or a piece said twice.
fn changed(seed: &[u8], rng: &mut SmallRng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    if bytes.is_empty() {
        return bytes;
    }
    let (from, to) = piece(bytes.len(), rng);
    match rng.random_range(0..4) {
        0 => drop(bytes.drain(from..to)),
        1 => bytes.extend_from_within(from..to),
        2 => bytes.truncate(from),
        _ => {
            for _ in 0..rng.random_range(1..8) {
                let at = rng.random_range(0..bytes.len());
                bytes[at] = rng.random();
            }
        }
    }
    bytes
}

fn piece(len: usize, rng: &mut SmallRng) -> (usize, usize) {
    let (a, b) = (rng.random_range(0..=len), rng.random_range(0..=len));
    (a.min(b), a.max(b))
}

#[test]
fn every_target_has_its_fuzzer_and_its_corpus() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).into()).collect();

    assert_eq!(stems("fuzz_targets"), names);
    assert_eq!(stems("corpus"), names);
}

#[test]
fn no_target_falls_over_its_corpus_or_what_is_like_it() {
    let mut rng = SmallRng::seed_from_u64(20_261_121);
    for (name, target) in TARGETS {
        let corpus = listed(&here("corpus").join(name));
        assert!(!corpus.is_empty(), "{name} has nothing to start from");

        for path in corpus {
            let seed = fs::read(&path).expect("it was listed");
            target(&seed);
            for _ in 0..CHANGES_OF_EACH {
                target(&changed(&seed, &mut rng));
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for (_, target) in TARGETS {
            target(&bytes);
        }
    }

    #[test]
    fn no_change_of_a_certificate_makes_a_parser_panic(
        changes in proptest::collection::vec((0..ASK.len(), any::<u8>()), 1..6),
        cut in 0..ASK.len(),
    ) {
        let mut bytes = ASK.to_vec();
        for (at, value) in changes {
            bytes[at] = value;
        }
        certificate(&bytes);
        certificate(&bytes[..cut]);
        crl(&bytes);
    }
}
