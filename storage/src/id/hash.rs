//! The root of one segment, and of any run of nodes.

use super::{Hash, SEGMENT_CHUNKS, Shape};
use crate::keccak::{self, CHUNK};
use std::sync::LazyLock;

/// The root of segment `index` of content of this shape, from the bytes it carries.
/// `None` where the bytes are not as many as this segment has.
pub fn segment_root(shape: Shape, index: u64, data: &[u8]) -> Option<Hash> {
    let chunks = shape.segment_chunks(index)?;
    (data.len() == shape.segment_len(index)).then(|| fold(leaves(data, chunks)))
}

/// The root of a segment that is nothing but padding.
pub(super) fn zero_segment() -> Hash {
    static ROOT: LazyLock<Hash> = LazyLock::new(|| fold(leaves(&[], SEGMENT_CHUNKS)));
    *ROOT
}

/// The digests of the chunks of `data`, filled up with zero chunks to `chunks`.
pub(super) fn leaves(data: &[u8], chunks: u64) -> Vec<Hash> {
    let chunks = usize::try_from(chunks).expect("a segment has 1024 chunks at most");
    let (whole, rest) = data.as_chunks::<CHUNK>();
    let mut leaves = vec![[0; 32]; whole.len()];
    keccak::hash_chunks(whole, &mut leaves);
    if !rest.is_empty() {
        leaves.push(chunk(rest));
    }
    if leaves.len() < chunks {
        leaves.resize(chunks, chunk(&[]));
    }
    leaves
}

/// The root over `nodes`: neighbours are paired, an odd last one is carried up.
pub(super) fn fold(mut nodes: Vec<Hash>) -> Hash {
    while nodes.len() > 1 {
        nodes = parents(&nodes);
    }
    nodes.pop().expect("nothing is folded that has no nodes")
}

/// The next level up.
pub(super) fn parents(nodes: &[Hash]) -> Vec<Hash> {
    let (pairs, odd) = nodes.as_flattened().as_chunks::<64>();
    let mut up = Vec::with_capacity(nodes.len().div_ceil(2));
    up.resize(pairs.len(), [0; 32]);
    keccak::hash_pairs(pairs, &mut up);
    up.extend(odd.first_chunk::<32>());
    up
}

/// The digest of one chunk, filled up with zeros.
fn chunk(data: &[u8]) -> Hash {
    let mut padded = [0; CHUNK];
    padded[..data.len()].copy_from_slice(data);
    let mut out = [[0; 32]];
    keccak::hash_chunks(&[padded], &mut out);
    out[0]
}
