//! Register tiles of 6 x 16 with AVX2.
#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::{
    __m256, __m256i, _mm_load_ss, _mm256_broadcastss_ps, _mm256_fmadd_ps, _mm256_loadu_si256,
    _mm256_maskload_ps, _mm256_maskstore_ps, _mm256_setzero_ps,
};

use super::isa::each_row;
use super::tile::Tile;

/// Covers m x n with tiles: 6 rows fill 12 of the 16 registers with sums.
///
/// # Safety
/// The processor has avx2 and fma; every element of the m x n x k product lies within the matrices; c is not shared.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn cover(tile: Tile, m: usize, n: usize) {
    for cols in (0..n).step_by(16) {
        let mut row = 0;
        while row < m {
            // SAFETY: row < m and cols < n.
            let here = unsafe { tile.at(row, cols) };
            // SAFETY: each arm takes no more rows than are left, the masks no more columns.
            row += unsafe { rows(here, m - row, (n - cols).min(16)) };
        }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn rows(tile: Tile, left: usize, n: usize) -> usize {
    // SAFETY: handed on from `cover`.
    unsafe {
        match left {
            6.. => full::<6>(tile, n),
            4.. => full::<4>(tile, n),
            2.. => full::<2>(tile, n),
            _ => full::<1>(tile, n),
        }
    }
}

/// The first `n` of eight lanes.
#[target_feature(enable = "avx2")]
fn mask(n: usize) -> __m256i {
    const LANES: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    let window = &LANES[8 - n.min(8)..][..8];
    // SAFETY: the window is eight lanes long.
    unsafe { _mm256_loadu_si256(window.as_ptr().cast()) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn full<const R: usize>(t: Tile, n: usize) -> usize {
    let masks = [mask(n), mask(n.saturating_sub(8))];
    // SAFETY: masked lanes are not touched; the others are inside by the contract of `cover`.
    unsafe {
        let mut sums: [[__m256; 2]; R] = [[_mm256_setzero_ps(); 2]; R];
        if t.accumulate {
            each_row!(R, r, {
                for w in 0..2 {
                    sums[r][w] = _mm256_maskload_ps(
                        t.c.wrapping_add(t.c_row.wrapping_mul(r).wrapping_add(w * 8)),
                        masks[w],
                    );
                }
            });
        }
        let (mut a, mut b) = (t.a, t.b);
        for _ in 0..t.k {
            let row = [
                _mm256_maskload_ps(b, masks[0]),
                _mm256_maskload_ps(b.wrapping_add(8), masks[1]),
            ];
            each_row!(R, r, {
                let factor = _mm_load_ss(a.wrapping_add(t.a_row.wrapping_mul(r)));
                let factor = _mm256_broadcastss_ps(factor);
                sums[r][0] = _mm256_fmadd_ps(factor, row[0], sums[r][0]);
                sums[r][1] = _mm256_fmadd_ps(factor, row[1], sums[r][1]);
            });
            a = a.wrapping_add(t.a_col);
            b = b.wrapping_add(t.b_row);
        }
        each_row!(R, r, {
            for w in 0..2 {
                _mm256_maskstore_ps(
                    t.c.wrapping_add(t.c_row.wrapping_mul(r).wrapping_add(w * 8)),
                    masks[w],
                    sums[r][w],
                );
            }
        });
    }
    R
}
