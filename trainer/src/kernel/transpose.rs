//! Blocks of a matrix turned on their side while panels are packed.

use super::Isa;

/// dst(k, j) = src(j, k) for 32 rows j and `depth` columns k; rows of src are `src_row` apart, of dst 32.
pub(crate) fn transpose_block(
    isa: Isa,
    src: &[f32],
    src_row: usize,
    depth: usize,
    dst: &mut [f32],
) {
    if depth == 0 {
        return;
    }
    assert!(
        src.len() >= 31 * src_row + depth && dst.len() >= depth * 32,
        "a block lies inside its matrix"
    );
    let mut done = 0;
    #[cfg(target_arch = "x86_64")]
    if isa == Isa::Avx512 {
        done = depth / 16 * 16;
        for k in (0..done).step_by(16) {
            // SAFETY: rows 0..32 and columns k..k + 16 are inside by the assert above; the Isa was detected.
            unsafe {
                native::turn(src.as_ptr().add(k), src_row, dst.as_mut_ptr().add(k * 32));
                native::turn(
                    src.as_ptr().add(16 * src_row + k),
                    src_row,
                    dst.as_mut_ptr().add(k * 32 + 16),
                );
            }
        }
    }
    let _ = isa;
    for (k, out) in dst.chunks_exact_mut(32).enumerate().take(depth).skip(done) {
        out.iter_mut()
            .enumerate()
            .for_each(|(j, out)| *out = src[j * src_row + k]);
    }
}

#[cfg(target_arch = "x86_64")]
mod native {
    use std::arch::x86_64::{
        __m512, _mm512_castpd_ps, _mm512_castps_pd, _mm512_loadu_ps, _mm512_setzero_ps,
        _mm512_shuffle_f32x4, _mm512_storeu_ps, _mm512_unpackhi_pd, _mm512_unpackhi_ps,
        _mm512_unpacklo_pd, _mm512_unpacklo_ps,
    };

    /// Sixteen rows of sixteen, in registers: pairs, then fours, then the four quarters.
    ///
    /// # Safety
    /// The processor has avx512f; 16 rows of 16 are readable at `src` and writable at `dst`, 32 apart.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn turn(src: *const f32, src_row: usize, dst: *mut f32) {
        let mut rows = [_mm512_setzero_ps(); 16];
        for (i, row) in rows.iter_mut().enumerate() {
            // SAFETY: promised by the caller.
            *row = unsafe { _mm512_loadu_ps(src.add(i * src_row)) };
        }
        let rows = fours(&pairs(&rows));
        for i in 0..4 {
            let quarter = [rows[i], rows[4 + i], rows[8 + i], rows[12 + i]];
            for (col, value) in [i, 8 + i, 4 + i, 12 + i].into_iter().zip(quarters(quarter)) {
                // SAFETY: promised by the caller.
                unsafe { _mm512_storeu_ps(dst.add(col * 32), value) };
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    fn pairs(r: &[__m512; 16]) -> [__m512; 16] {
        let mut t = *r;
        for i in (0..16).step_by(2) {
            t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
            t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
        }
        t
    }

    #[target_feature(enable = "avx512f")]
    fn fours(t: &[__m512; 16]) -> [__m512; 16] {
        let mut r = *t;
        for i in (0..16).step_by(4) {
            for half in 0..2 {
                let (x, y) = (
                    _mm512_castps_pd(t[i + half]),
                    _mm512_castps_pd(t[i + half + 2]),
                );
                r[i + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(x, y));
                r[i + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(x, y));
            }
        }
        r
    }

    /// Columns c, c + 8, c + 4, c + 12 of the four rows that hold them.
    #[target_feature(enable = "avx512f")]
    fn quarters([a, b, c, d]: [__m512; 4]) -> [__m512; 4] {
        let (even, even2) = (
            _mm512_shuffle_f32x4::<0x88>(a, b),
            _mm512_shuffle_f32x4::<0x88>(c, d),
        );
        let (odd, odd2) = (
            _mm512_shuffle_f32x4::<0xdd>(a, b),
            _mm512_shuffle_f32x4::<0xdd>(c, d),
        );
        [
            _mm512_shuffle_f32x4::<0x88>(even, even2),
            _mm512_shuffle_f32x4::<0xdd>(even, even2),
            _mm512_shuffle_f32x4::<0x88>(odd, odd2),
            _mm512_shuffle_f32x4::<0xdd>(odd, odd2),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_any_depth_are_turned_on_every_instruction_set() {
        for depth in [1, 10, 16, 47, 64] {
            let src: Vec<f32> = (0..32 * 70).map(|i| i as f32).collect();
            for isa in Isa::available() {
                let mut dst = vec![0.0; depth * 32];
                transpose_block(*isa, &src, 70, depth, &mut dst);
                let right = |(at, v): (usize, &f32)| *v == ((at % 32) * 70 + at / 32) as f32;
                assert!(dst.iter().enumerate().all(right), "{isa:?} at {depth}");
            }
        }
    }
}
