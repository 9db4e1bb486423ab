//! Eight lanes in 512-bit vectors: one instruction each for rotation, chi and three-way xor.

#![allow(
    clippy::many_single_char_names,
    reason = "rows of a matrix have no other names"
)]

use super::Hash;
use super::sponge::Lanes;
use pulp::x86::V4;
use std::arch::x86_64::__m512i;

#[derive(Clone, Copy, Debug)]
pub(super) struct Eight(pub(super) V4);

/// Truth tables of `vpternlogq`: bit `a * 4 + b * 2 + c` is the result.
const XOR3: i32 = 0x96;
const CHI: i32 = 0xd2;

impl Lanes for Eight {
    const WIDTH: usize = 8;
    type Word = __m512i;

    #[inline(always)]
    fn splat(self, word: u64) -> __m512i {
        self.0.avx512f._mm512_set1_epi64(word.cast_signed())
    }

    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        self.0.avx512f._mm512_xor_si512(a, b)
    }

    #[inline(always)]
    fn xor3(self, a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        self.0.avx512f._mm512_ternarylogic_epi64::<XOR3>(a, b, c)
    }

    #[inline(always)]
    fn chi(self, a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        self.0.avx512f._mm512_ternarylogic_epi64::<CHI>(a, b, c)
    }

    #[inline(always)]
    fn rotate<const L: i32, const R: i32>(self, a: __m512i) -> __m512i {
        self.0.avx512f._mm512_rol_epi64::<L>(a)
    }

    #[inline(always)]
    fn load<const B: usize>(self, rows: &[[u8; B]], at: usize) -> [__m512i; 8] {
        self.transpose(std::array::from_fn(|row| {
            let bytes: [u8; 64] = *rows[row][at..]
                .first_chunk()
                .expect("a message is a multiple of 64 bytes");
            pulp::cast(bytes)
        }))
    }

    #[inline(always)]
    fn store(self, [a, b, c, d]: [__m512i; 4], out: &mut [Hash]) {
        let zero = self.splat(0);
        let rows = self.transpose([a, b, c, d, zero, zero, zero, zero]);
        for (digest, row) in out.iter_mut().zip(rows) {
            let bytes: [u8; 64] = pulp::cast(row);
            digest.copy_from_slice(&bytes[..32]);
        }
    }
}

impl Eight {
    /// An eight by eight transposition of 64-bit words, in three rounds of shuffles.
    #[inline(always)]
    fn transpose(self, rows: [__m512i; 8]) -> [__m512i; 8] {
        let [a, b, c, d, e, f, g, h] = rows;
        let [ab0, ab1] = self.interleave(a, b);
        let [cd0, cd1] = self.interleave(c, d);
        let [ef0, ef1] = self.interleave(e, f);
        let [gh0, gh1] = self.interleave(g, h);
        let [w0, w2, w4, w6] = self.gather(ab0, cd0, ef0, gh0);
        let [w1, w3, w5, w7] = self.gather(ab1, cd1, ef1, gh1);
        [w0, w1, w2, w3, w4, w5, w6, w7]
    }

    #[inline(always)]
    fn interleave(self, a: __m512i, b: __m512i) -> [__m512i; 2] {
        let avx = self.0.avx512f;
        [
            avx._mm512_unpacklo_epi64(a, b),
            avx._mm512_unpackhi_epi64(a, b),
        ]
    }

    /// The first, second, third and fourth 128 bits of four vectors, each as one vector.
    #[inline(always)]
    fn gather(self, a: __m512i, b: __m512i, c: __m512i, d: __m512i) -> [__m512i; 4] {
        let avx = self.0.avx512f;
        let even_ab = avx._mm512_shuffle_i64x2::<0x88>(a, b);
        let odd_ab = avx._mm512_shuffle_i64x2::<0xdd>(a, b);
        let even_cd = avx._mm512_shuffle_i64x2::<0x88>(c, d);
        let odd_cd = avx._mm512_shuffle_i64x2::<0xdd>(c, d);
        [
            avx._mm512_shuffle_i64x2::<0x88>(even_ab, even_cd),
            avx._mm512_shuffle_i64x2::<0x88>(odd_ab, odd_cd),
            avx._mm512_shuffle_i64x2::<0xdd>(even_ab, even_cd),
            avx._mm512_shuffle_i64x2::<0xdd>(odd_ab, odd_cd),
        ]
    }
}
