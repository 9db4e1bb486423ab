//! Laws of the id: recorded vectors, and an independent slow tree over random sizes.

use super::*;
use alloy_primitives::keccak256;
use proptest::prelude::*;
use proto::Root;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize)]
struct Vectors {
    #[serde(rename = "storageRoots")]
    roots: Roots,
    #[serde(rename = "storageProof")]
    proof: ProofVector,
}

#[derive(Deserialize)]
struct Roots {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    size: usize,
    #[serde(rename = "A")]
    a: String,
    #[serde(rename = "B")]
    b: String,
    chunks: u64,
    segments: u64,
    padded_size: u64,
    nodes_b: Vec<NodeRow>,
}

#[derive(Deserialize)]
struct NodeRow {
    height: u32,
    root: String,
}

#[derive(Deserialize)]
struct ProofVector {
    segment: u64,
    lemma: Vec<String>,
    path: Vec<bool>,
}

/// The recorded vectors; without them the test says visibly that it was left out.
fn vectors() -> Option<Vectors> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    #[allow(
        clippy::disallowed_methods,
        reason = "a test finds its vectors by a variable"
    )]
    let shared = std::env::var("SEALTUNE_SHARED").map_or(beside, PathBuf::from);
    let file = shared.join("vectors/0g.json");
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(serde_json::from_str(&text).expect("the vectors are JSON")),
        Err(error) => {
            println!(
                "LEFT OUT: no recorded vectors at {}: {error}",
                file.display()
            );
            None
        }
    }
}

fn pattern_a(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i * 31 + 7).to_le_bytes()[0]).collect()
}

fn pattern_b(size: usize) -> Vec<u8> {
    let mut x: u32 = 0x9E37_79B9;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x.to_le_bytes()[0]
    };
    (0..size).map(|_| next()).collect()
}

/// The tree as its specification says it, one message at a time.
fn slow_root(data: &[u8]) -> Root {
    let chunks = data.len().div_ceil(256);
    let power = chunks.next_power_of_two();
    let part = (power / 16).max(1);
    let mut padded = data.to_vec();
    padded.resize(chunks.div_ceil(part) * part * 256, 0);
    let mut level: Vec<Hash> = padded.chunks(256).map(|chunk| keccak256(chunk).0).collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| {
                if let [odd] = pair {
                    *odd
                } else {
                    keccak256(pair.concat()).0
                }
            })
            .collect();
    }
    Root(level[0])
}

#[test]
fn every_recorded_root_is_found() {
    let Some(vectors) = vectors() else { return };

    assert!(vectors.roots.rows.len() >= 26);
    for row in vectors.roots.rows {
        let a = root_of(pattern_a(row.size).as_slice()).expect("not empty");
        let b = root_of(pattern_b(row.size).as_slice()).expect("not empty");
        assert_eq!(
            (a.root.to_string(), b.root.to_string()),
            (row.a, row.b),
            "{}",
            row.size
        );
    }
}

#[test]
fn every_recorded_shape_and_submission_is_found() {
    let Some(vectors) = vectors() else { return };

    for row in vectors.roots.rows {
        let data = pattern_b(row.size);
        let outline = outline_of(data.as_slice()).expect("not empty");
        let shape = outline.shape();
        let last = shape
            .segment_bytes(shape.segments() - 1)
            .expect("a last segment");
        let tail = &data[usize::try_from(last.start).expect("small")..];
        let nodes: Vec<_> = outline.submission_nodes(tail);
        let expected: Vec<_> = row
            .nodes_b
            .iter()
            .map(|n| (n.height, n.root.parse::<Root>().expect("hex").0))
            .collect();

        assert_eq!(
            (shape.chunks(), shape.segments()),
            (row.chunks, row.segments)
        );
        assert_eq!(shape.padded_chunks() * CHUNK_BYTES, row.padded_size);
        assert_eq!(
            nodes.iter().map(|n| (n.height, n.root)).collect::<Vec<_>>(),
            expected
        );
    }
}

#[test]
fn the_recorded_proof_is_made_and_holds() {
    let Some(vectors) = vectors() else { return };
    let data = pattern_b(1_000_000);
    let outline = outline_of(data.as_slice()).expect("not empty");

    let proof = outline
        .tree()
        .proof(vectors.proof.segment)
        .expect("segment 1 exists");

    let lemma: Vec<_> = proof
        .lemma
        .iter()
        .map(|hash| Root(*hash).to_string())
        .collect();
    assert_eq!(
        (lemma, proof.path.clone()),
        (vectors.proof.lemma, vectors.proof.path)
    );
    let segment = &data[262_144..524_288];
    assert!(
        proof
            .check(outline.root(), outline.shape(), 1, segment)
            .is_ok()
    );
}

#[test]
fn a_known_root_is_found_without_any_file() {
    let content = root_of(pattern_b(1_000_000).as_slice()).expect("not empty");

    let known = "0xed64cea5b018af1a064d6bca1d16bf26f1790f9662d3b94bbf0bdb6a55c90abc";
    assert_eq!(content.root.to_string(), known);
}

#[test]
fn empty_content_has_no_root() {
    assert!(matches!(root_of(std::io::empty()), Err(Hashing::Empty)));
    assert!(matches!(outline_of(std::io::empty()), Err(Hashing::Empty)));
}

#[test]
fn a_reader_that_fails_gives_its_error_and_no_root() {
    struct Broken(u64);
    impl std::io::Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            if self.0 > 40 {
                Err(std::io::Error::other("unplugged"))
            } else {
                Ok(buffer.len())
            }
        }
    }

    let failed = root_of(Broken(0));

    assert!(matches!(failed, Err(Hashing::Read(error)) if error.to_string() == "unplugged"));
}

#[test]
fn padding_may_be_whole_segments_and_still_counts() {
    let data = pattern_b(10_485_883);
    let outline = outline_of(data.as_slice()).expect("not empty");

    assert_eq!(
        (
            outline.shape().segments(),
            outline.shape().padded_segments()
        ),
        (41, 44)
    );
    assert_eq!(
        root_of(data.as_slice()).expect("not empty").root,
        outline.root()
    );
    for index in [0, 17, 40] {
        let proof = outline.tree().proof(index).expect("a segment");
        let bytes = outline.shape().segment_bytes(index).expect("a segment");
        let (start, end) = (usize::try_from(bytes.start), usize::try_from(bytes.end));
        let segment = &data[start.expect("small")..end.expect("small")];
        assert!(
            proof
                .check(outline.root(), outline.shape(), index, segment)
                .is_ok()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_content_has_the_root_of_the_slow_tree(size in sizes(), seed: u8) {
        let data: Vec<u8> = pattern_b(size).iter().map(|byte| byte ^ seed).collect();

        let content = root_of(data.as_slice()).expect("not empty");
        let outline = outline_of(data.as_slice()).expect("not empty");

        prop_assert_eq!(content.root, slow_root(&data));
        prop_assert_eq!(outline.content(), content);
        prop_assert_eq!(Outline::parse(content.root, &outline.to_bytes()), Ok(outline));
    }

    #[test]
    fn a_proof_holds_for_its_segment_and_for_nothing_else(size in sizes(), pick: u64, bit in 0usize..2048) {
        let data = pattern_b(size);
        let outline = outline_of(data.as_slice()).expect("not empty");
        let (root, shape) = (outline.root(), outline.shape());
        let index = pick % shape.segments();
        let bytes = shape.segment_bytes(index).expect("a segment");
        let mut segment = data[usize::try_from(bytes.start)?..usize::try_from(bytes.end)?].to_vec();
        let proof = outline.tree().proof(index).expect("a segment");

        prop_assert_eq!(proof.check(root, shape, index, &segment), outline.segment(index).copied().ok_or(BadProof::Index(index)));
        let mut cut = proof.clone();
        cut.lemma.pop();
        prop_assert!(cut.check(root, shape, index, &segment).is_err());
        let mut bent = proof.clone();
        let hash = bit % bent.lemma.len();
        bent.lemma[hash][bit % 32] ^= 1;
        prop_assert!(bent.check(root, shape, index, &segment).is_err());
        if index + 1 < shape.segments() {
            prop_assert!(proof.check(root, shape, index + 1, &segment).is_err());
        }
        prop_assert!(proof.check(root, shape, index, &segment[1..]).is_err());
        let at = bit % segment.len();
        segment[at] ^= 1;
        prop_assert!(proof.check(root, shape, index, &segment).is_err());
    }

    #[test]
    fn a_submission_folds_from_the_right_to_the_root(size in sizes()) {
        let data = pattern_b(size);
        let outline = outline_of(data.as_slice()).expect("not empty");
        let shape = outline.shape();
        let start = usize::try_from((shape.segments() - 1) * SEGMENT_BYTES)?;

        let nodes = outline.submission_nodes(&data[start..]);

        let heights: Vec<_> = nodes.iter().map(|node| node.height).collect();
        prop_assert_eq!(&heights, &shape.submission_heights().collect::<Vec<_>>());
        prop_assert!(heights[0] - heights[heights.len() - 1] < 4);
        let root = nodes.iter().map(|n| n.root).rev().reduce(|right, left| crate::keccak::hash_pair(&left, &right));
        prop_assert_eq!(root.map(Root), Some(outline.root()));
    }
}

/// Small sizes, sizes around whole chunks and segments, and a few megabytes.
fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![
        1usize..5000,
        (1usize..40, -2i64..3).prop_map(|(chunks, off)| near(chunks * 256, off)),
        (1usize..12, -2i64..3).prop_map(|(segments, off)| near(segments * 262_144, off)),
        1usize..3_000_000,
    ]
}

fn near(size: usize, off: i64) -> usize {
    let size = i64::try_from(size).expect("small") + off;
    usize::try_from(size.max(1)).expect("positive")
}
