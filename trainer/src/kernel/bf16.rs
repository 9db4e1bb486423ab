//! Products of bf16 pairs summed in f32: AVX-512-BF16's own instruction, and its plain twin.

use super::Isa;
use super::isa::versions;

/// c(i, j) = or += the sum over pairs; `a` row-major with an even row length, `b` panels of `[k/2][32][2]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PairProduct<'a> {
    pub(crate) a: &'a [u16],
    pub(crate) a_row: usize,
    /// Each the bits of a pair.
    pub(crate) b: &'a [f32],
    pub(crate) m: usize,
    /// At most 32.
    pub(crate) n: usize,
    pub(crate) pairs: usize,
    pub(crate) accumulate: bool,
}

/// Rounds to the nearest bf16, ties to even; NaN stays NaN.
pub(crate) fn to_bf16(x: f32) -> u16 {
    half::bf16::from_f32(x).to_bits()
}

versions! {
    /// Rounds a row: the plain form of `to_bf16` that compilers vectorise; for finite values.
    pub(crate) fn to_bf16_row(x: &[f32], out: &mut [u16]) {
        for (out, x) in out.iter_mut().zip(x) {
            let bits = x.to_bits();
            *out = (bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as u16;
        }
    }
}

/// Computes the product into `c`, whose rows are `c_row` apart.
pub(crate) fn multiply_pairs(isa: Isa, p: PairProduct<'_>, c: &mut [f32], c_row: usize) {
    if p.m == 0 || p.n == 0 {
        return;
    }
    assert!(
        p.n <= 32 && c.len() >= (p.m - 1) * c_row + p.n,
        "c is too small"
    );
    assert!(
        p.pairs == 0 || p.a.len() >= (p.m - 1) * p.a_row + 2 * p.pairs,
        "a is too small"
    );
    assert!(p.b.len() >= p.pairs * 32, "b is too small");
    #[cfg(target_arch = "x86_64")]
    if isa.multiplies_bf16() {
        // SAFETY: the asserts above bound every element touched, and the processor has the instruction.
        return unsafe { native::cover(p, c.as_mut_ptr(), c_row) };
    }
    let _ = isa;
    multiply_plainly(p, c, c_row);
}

fn multiply_plainly(p: PairProduct<'_>, c: &mut [f32], c_row: usize) {
    let low = |pair: u32| f32::from_bits(pair << 16);
    let high = |pair: u32| f32::from_bits(pair & 0xffff_0000);
    for i in 0..p.m {
        for j in 0..p.n {
            let start = if p.accumulate { c[i * c_row + j] } else { 0.0 };
            c[i * c_row + j] = (0..p.pairs).fold(start, |sum, k| {
                let at = i * p.a_row + 2 * k;
                let a = u32::from(p.a[at]) | u32::from(p.a[at + 1]) << 16;
                let b = p.b[k * 32 + j].to_bits();
                low(a).mul_add(low(b), high(a).mul_add(high(b), sum))
            });
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod native {
    use std::arch::x86_64::{
        __m512, __m512bh, __m512i, __mmask16, _mm512_dpbf16_ps, _mm512_loadu_si512,
        _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_set1_epi32, _mm512_setzero_ps,
    };

    use super::PairProduct;
    use crate::kernel::isa::each_row;

    /// # Safety
    /// The processor has avx512bf16; a, b and c hold all that m, n and pairs span.
    #[target_feature(enable = "avx512f,avx512bf16")]
    pub(super) unsafe fn cover(p: PairProduct<'_>, c: *mut f32, c_row: usize) {
        let masks = [mask(p.n), mask(p.n.saturating_sub(16))];
        let mut row = 0;
        while row < p.m {
            // SAFETY: row < m; each arm takes no more rows than are left.
            row += unsafe {
                let (a, c) = (p.a.as_ptr().add(row * p.a_row), c.add(row * c_row));
                match p.m - row {
                    12.. => rows::<12>(p, a, c, c_row, masks),
                    4.. => rows::<4>(p, a, c, c_row, masks),
                    _ => rows::<1>(p, a, c, c_row, masks),
                }
            };
        }
    }

    fn mask(n: usize) -> __mmask16 {
        if n >= 16 { !0 } else { (1 << n) - 1 }
    }

    /// Any 512 bits are sixteen pairs of bf16.
    #[target_feature(enable = "avx512f,avx512bf16")]
    fn pairs(bits: __m512i) -> __m512bh {
        // SAFETY: both are plain 64-byte vectors.
        unsafe { std::mem::transmute(bits) }
    }

    #[target_feature(enable = "avx512f,avx512bf16")]
    unsafe fn rows<const R: usize>(
        p: PairProduct<'_>,
        a: *const u16,
        c: *mut f32,
        c_row: usize,
        masks: [__mmask16; 2],
    ) -> usize {
        // SAFETY: as promised to `cover`; panels are padded to 32 columns, so whole loads of b are inside.
        unsafe {
            let mut sums: [[__m512; 2]; R] = [[_mm512_setzero_ps(); 2]; R];
            if p.accumulate {
                each_row!(R, r, {
                    for w in 0..2 {
                        let from = c.wrapping_add(c_row.wrapping_mul(r).wrapping_add(w * 16));
                        sums[r][w] = _mm512_maskz_loadu_ps(masks[w], from);
                    }
                });
            }
            for k in 0..p.pairs {
                let b = p.b.as_ptr().wrapping_add(k.wrapping_mul(32));
                let columns = [
                    pairs(_mm512_loadu_si512(b.cast())),
                    pairs(_mm512_loadu_si512(b.wrapping_add(16).cast())),
                ];
                each_row!(R, r, {
                    let row = a.wrapping_add(p.a_row.wrapping_mul(r).wrapping_add(2 * k));
                    let factor = pairs(_mm512_set1_epi32(row.cast::<i32>().read_unaligned()));
                    sums[r][0] = _mm512_dpbf16_ps(sums[r][0], factor, columns[0]);
                    sums[r][1] = _mm512_dpbf16_ps(sums[r][1], factor, columns[1]);
                });
            }
            each_row!(R, r, {
                for w in 0..2 {
                    let to = c.wrapping_add(c_row.wrapping_mul(r).wrapping_add(w * 16));
                    _mm512_mask_storeu_ps(to, masks[w], sums[r][w]);
                }
            });
        }
        R
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_rounded_as_single_values_are() {
        let x: Vec<f32> = (0..5000)
            .map(|i| (i as f32 - 2500.0) * 1.234_567e-3)
            .collect();
        let mut out = vec![0; x.len()];

        to_bf16_row(Isa::detect(), &x, &mut out);

        assert!(x.iter().zip(&out).all(|(x, o)| to_bf16(*x) == *o));
    }

    #[test]
    fn the_instruction_and_its_twin_agree() {
        let (m, n, pairs) = (17, 29, 21);
        let value = |i: usize| to_bf16(((i * 7919) % 1009) as f32 / 500.0 - 1.0);
        let a: Vec<u16> = (0..m * 2 * pairs).map(value).collect();
        let b: Vec<f32> = (0..pairs * 32)
            .map(|i| {
                f32::from_bits(u32::from(value(2 * i + 5)) | u32::from(value(2 * i + 6)) << 16)
            })
            .collect();
        let product = PairProduct {
            a: &a,
            a_row: 2 * pairs,
            b: &b,
            m,
            n,
            pairs,
            accumulate: true,
        };
        let mut plain = vec![0.25; m * n];
        let mut native = plain.clone();

        multiply_plainly(product, &mut plain, n);
        multiply_pairs(Isa::detect(), product, &mut native, n);

        assert!(plain.iter().zip(&native).all(|(x, y)| (x - y).abs() < 1e-5));
        if !Isa::detect().multiplies_bf16() {
            println!(
                "left out: this processor has no AVX-512-BF16, the twin was compared with itself"
            );
        }
    }
}
