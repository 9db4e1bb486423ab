//! One lane: every CPU's keccak.

use super::Hash;
use super::sponge::Lanes;

#[derive(Clone, Copy, Debug)]
pub(super) struct Scalar;

impl Lanes for Scalar {
    const WIDTH: usize = 1;
    type Word = u64;

    #[inline(always)]
    fn splat(self, word: u64) -> u64 {
        word
    }

    #[inline(always)]
    fn xor(self, a: u64, b: u64) -> u64 {
        a ^ b
    }

    #[inline(always)]
    fn xor3(self, a: u64, b: u64, c: u64) -> u64 {
        a ^ b ^ c
    }

    #[inline(always)]
    fn chi(self, a: u64, b: u64, c: u64) -> u64 {
        a ^ (!b & c)
    }

    #[inline(always)]
    fn rotate<const L: i32, const R: i32>(self, a: u64) -> u64 {
        a.rotate_left(L.unsigned_abs())
    }

    #[inline(always)]
    fn load<const B: usize>(self, rows: &[[u8; B]], at: usize) -> [u64; 8] {
        let (words, _rest) = rows[0][at..at + 64].as_chunks::<8>();
        std::array::from_fn(|word| u64::from_le_bytes(words[word]))
    }

    #[inline(always)]
    fn store(self, words: [u64; 4], out: &mut [Hash]) {
        for (bytes, word) in out[0].as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
    }
}
