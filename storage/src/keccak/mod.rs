//! Keccak-256 over many short messages at once, on the widest vectors this CPU has.
//!
//! A merkle tree hashes millions of independent messages of two sizes: chunks of
//! 256 bytes and pairs of digests. Four (AVX2) or eight (AVX-512) of them share
//! one permutation, lane by lane; elsewhere the same code runs one at a time.

#![allow(
    clippy::inline_always,
    clippy::large_types_passed_by_value,
    reason = "a vector leaves its registers wherever the compiler does not inline"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod scalar;
mod sponge;

use scalar::Scalar;
use sponge::{Lanes, absorb};

/// A keccak-256 digest.
pub(crate) type Hash = [u8; 32];

/// Bytes of a chunk, the leaf of 0G's tree.
pub(crate) const CHUNK: usize = 256;

/// The digests of `chunks`, in order.
pub(crate) fn hash_chunks(chunks: &[[u8; CHUNK]], out: &mut [Hash]) {
    Width::detect().hash(chunks, out);
}

/// The parents of `pairs` of digests, in order.
pub(crate) fn hash_pairs(pairs: &[[u8; 64]], out: &mut [Hash]) {
    Width::detect().hash(pairs, out);
}

/// The parent of two nodes.
pub(crate) fn hash_pair(left: &Hash, right: &Hash) -> Hash {
    let mut pair = [0; 64];
    pair[..32].copy_from_slice(left);
    pair[32..].copy_from_slice(right);
    let mut out = [[0; 32]];
    hash_with(Scalar, &[pair], &mut out);
    out[0]
}

/// How many messages share one permutation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Width {
    One,
    #[cfg(target_arch = "x86_64")]
    Four(pulp::x86::V3),
    #[cfg(target_arch = "x86_64")]
    Eight(pulp::x86::V4),
}

impl Width {
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn detect() -> Self {
        match (pulp::x86::V4::try_new(), pulp::x86::V3::try_new()) {
            (Some(eight), _) => Self::Eight(eight),
            (None, Some(four)) => Self::Four(four),
            (None, None) => Self::One,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn detect() -> Self {
        Self::One
    }

    /// Every width this CPU has, narrowest first.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Self::One];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V3::try_new().map(Self::Four));
            all.extend(pulp::x86::V4::try_new().map(Self::Eight));
        }
        all
    }

    pub(crate) fn hash<const B: usize>(self, messages: &[[u8; B]], out: &mut [Hash]) {
        assert_eq!(messages.len(), out.len(), "one digest per message");
        match self {
            Self::One => hash_with(Scalar, messages, out),
            #[cfg(target_arch = "x86_64")]
            Self::Four(v3) => v3.vectorize(Job {
                lanes: avx2::Four(v3),
                messages,
                out,
            }),
            #[cfg(target_arch = "x86_64")]
            Self::Eight(v4) => v4.vectorize(Job {
                lanes: avx512::Eight(v4),
                messages,
                out,
            }),
        }
    }
}

/// The hashing of one slice, compiled once per instruction set.
struct Job<'a, L, const B: usize> {
    lanes: L,
    messages: &'a [[u8; B]],
    out: &'a mut [Hash],
}

impl<L: Lanes, const B: usize> pulp::NullaryFnOnce for Job<'_, L, B> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        hash_with(self.lanes, self.messages, self.out);
    }
}

#[inline(always)]
fn hash_with<L: Lanes, const B: usize>(lanes: L, messages: &[[u8; B]], out: &mut [Hash]) {
    for (rows, digests) in messages.chunks(L::WIDTH).zip(out.chunks_mut(L::WIDTH)) {
        if rows.len() == L::WIDTH {
            absorb(lanes, rows, digests);
        } else {
            hash_tail(lanes, rows, digests);
        }
    }
}

/// Fewer messages than lanes: the idle lanes hash zeros.
#[inline(always)]
fn hash_tail<L: Lanes, const B: usize>(lanes: L, rows: &[[u8; B]], digests: &mut [Hash]) {
    const WIDEST: usize = 8;
    let mut padded = [[0; B]; WIDEST];
    let mut all = [[0; 32]; WIDEST];
    padded[..rows.len()].copy_from_slice(rows);
    absorb(lanes, &padded[..L::WIDTH], &mut all[..L::WIDTH]);
    digests.copy_from_slice(&all[..digests.len()]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::keccak256;
    use proptest::prelude::*;

    fn messages<const B: usize>(count: usize, seed: u64) -> Vec<[u8; B]> {
        let mut state = seed | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        (0..count)
            .map(|_| std::array::from_fn(|_| next()))
            .collect()
    }

    fn agrees<const B: usize>(count: usize, seed: u64) {
        let messages = messages::<B>(count, seed);
        let expected: Vec<Hash> = messages.iter().map(|m| keccak256(m).0).collect();
        for width in Width::all() {
            let mut out = vec![[0; 32]; count];
            width.hash(&messages, &mut out);
            assert_eq!(out, expected, "{width:?} {B} {count}");
        }
    }

    proptest! {
        #[test]
        fn every_width_agrees_with_an_independent_keccak(count in 0usize..40, seed: u64) {
            agrees::<CHUNK>(count, seed);
            agrees::<64>(count, seed);
        }
    }

    #[test]
    fn a_chunk_of_zeros_has_its_known_digest() {
        let mut out = [[0; 32]];
        hash_chunks(&[[0; CHUNK]], &mut out);
        assert!(hex::encode(out[0]).starts_with("d397b3b0"));
        assert!(hex::encode(out[0]).ends_with("e0b5"));
    }
}
