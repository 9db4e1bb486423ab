//! Four lanes in 256-bit vectors.

#![allow(
    clippy::many_single_char_names,
    reason = "rows of a matrix have no other names"
)]

use super::Hash;
use super::sponge::Lanes;
use pulp::u64x4;
use pulp::x86::V3;
use std::arch::x86_64::__m256i;

#[derive(Clone, Copy, Debug)]
pub(super) struct Four(pub(super) V3);

impl Lanes for Four {
    const WIDTH: usize = 4;
    type Word = __m256i;

    #[inline(always)]
    fn splat(self, word: u64) -> __m256i {
        self.0.avx._mm256_set1_epi64x(word.cast_signed())
    }

    #[inline(always)]
    fn xor(self, a: __m256i, b: __m256i) -> __m256i {
        self.0.avx2._mm256_xor_si256(a, b)
    }

    #[inline(always)]
    fn xor3(self, a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        self.xor(self.xor(a, b), c)
    }

    #[inline(always)]
    fn chi(self, a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        self.xor(a, self.0.avx2._mm256_andnot_si256(b, c))
    }

    #[inline(always)]
    fn rotate<const L: i32, const R: i32>(self, a: __m256i) -> __m256i {
        let high = self.0.avx2._mm256_slli_epi64::<L>(a);
        let low = self.0.avx2._mm256_srli_epi64::<R>(a);
        self.0.avx2._mm256_or_si256(high, low)
    }

    #[inline(always)]
    fn load<const B: usize>(self, rows: &[[u8; B]], at: usize) -> [__m256i; 8] {
        let [a, b, c, d] = self.turn(rows, at);
        let [e, f, g, h] = self.turn(rows, at + 32);
        [a, b, c, d, e, f, g, h]
    }

    #[inline(always)]
    fn store(self, words: [__m256i; 4], out: &mut [Hash]) {
        let rows = self.transpose(words);
        for (digest, row) in out.iter_mut().zip(rows) {
            *digest = pulp::cast(pulp::cast::<__m256i, u64x4>(row));
        }
    }
}

impl Four {
    #[inline(always)]
    fn turn<const B: usize>(self, rows: &[[u8; B]], at: usize) -> [__m256i; 4] {
        self.transpose(std::array::from_fn(|row| {
            let bytes: [u8; 32] = *rows[row][at..]
                .first_chunk()
                .expect("a message is a multiple of 64 bytes");
            pulp::cast(bytes)
        }))
    }

    /// A four by four transposition of 64-bit words.
    #[inline(always)]
    fn transpose(self, [a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
        let avx2 = self.0.avx2;
        let low_ab = avx2._mm256_unpacklo_epi64(a, b);
        let high_ab = avx2._mm256_unpackhi_epi64(a, b);
        let low_cd = avx2._mm256_unpacklo_epi64(c, d);
        let high_cd = avx2._mm256_unpackhi_epi64(c, d);
        [
            avx2._mm256_permute2x128_si256::<0x20>(low_ab, low_cd),
            avx2._mm256_permute2x128_si256::<0x20>(high_ab, high_cd),
            avx2._mm256_permute2x128_si256::<0x31>(low_ab, low_cd),
            avx2._mm256_permute2x128_si256::<0x31>(high_ab, high_cd),
        ]
    }
}
