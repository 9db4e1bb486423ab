//! Register tiles of 12 x 32 with AVX-512.
#![cfg(target_arch = "x86_64")]

use std::arch::x86_64::{
    __m512, __mmask16, _mm_load_ss, _mm512_broadcastss_ps, _mm512_fmadd_ps, _mm512_mask_storeu_ps,
    _mm512_maskz_loadu_ps, _mm512_setzero_ps,
};

use super::isa::each_row;
use super::tile::Tile;

/// Covers m x n with tiles: 12 rows fill 24 of the 32 registers with sums, which hides the latency of fmadd.
///
/// # Safety
/// The processor has avx512f; every element of the m x n x k product lies within the matrices; c is not shared.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn cover(tile: Tile, m: usize, n: usize) {
    for cols in (0..n).step_by(32) {
        let mut row = 0;
        while row < m {
            // SAFETY: row < m and cols < n.
            let here = unsafe { tile.at(row, cols) };
            // SAFETY: `rows` of the arm are at most m - row, the mask covers at most n - cols columns.
            row += unsafe { rows(here, m - row, (n - cols).min(32)) };
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn rows(tile: Tile, left: usize, n: usize) -> usize {
    // SAFETY: handed on from `cover`; each arm takes no more rows than are left.
    unsafe {
        match left {
            12.. => wide::<12>(tile, n),
            8.. => wide::<8>(tile, n),
            4.. => wide::<4>(tile, n),
            2.. => wide::<2>(tile, n),
            _ => wide::<1>(tile, n),
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn wide<const R: usize>(tile: Tile, n: usize) -> usize {
    // SAFETY: handed on from `rows`.
    unsafe {
        if n > 16 {
            full::<R, 2>(tile, [!0, mask(n - 16)]);
        } else {
            full::<R, 1>(tile, [mask(n)]);
        }
    }
    R
}

fn mask(n: usize) -> __mmask16 {
    if n >= 16 { !0 } else { (1 << n) - 1 }
}

#[target_feature(enable = "avx512f")]
unsafe fn full<const R: usize, const W: usize>(t: Tile, masks: [__mmask16; W]) {
    // Pointers wrap: the last step leaves them one step behind the end, where they are not read.
    let c = |r: usize, w: usize| {
        t.c.wrapping_add(t.c_row.wrapping_mul(r).wrapping_add(w * 16))
    };
    let mut sums: [[__m512; W]; R] = [[_mm512_setzero_ps(); W]; R];
    if t.accumulate {
        each_row!(R, r, {
            for w in 0..W {
                // SAFETY: masked lanes are not touched; the others are inside by the contract of `cover`.
                sums[r][w] = unsafe { _mm512_maskz_loadu_ps(masks[w], c(r, w)) };
            }
        });
    }
    let (mut a, mut b) = (t.a, t.b);
    for _ in 0..t.k {
        let mut row = [_mm512_setzero_ps(); W];
        for w in 0..W {
            // SAFETY: as above.
            row[w] = unsafe { _mm512_maskz_loadu_ps(masks[w], b.wrapping_add(w * 16)) };
        }
        each_row!(R, r, {
            // SAFETY: row r < R and the current k are inside by the contract of `cover`.
            let factor = unsafe { _mm_load_ss(a.wrapping_add(t.a_row.wrapping_mul(r))) };
            let factor = _mm512_broadcastss_ps(factor);
            sums[r][0] = _mm512_fmadd_ps(factor, row[0], sums[r][0]);
            if W > 1 {
                sums[r][1] = _mm512_fmadd_ps(factor, row[1], sums[r][1]);
            }
        });
        a = a.wrapping_add(t.a_col);
        b = b.wrapping_add(t.b_row);
    }
    each_row!(R, r, {
        for w in 0..W {
            // SAFETY: as above, and c is not shared.
            unsafe { _mm512_mask_storeu_ps(c(r, w), masks[w], sums[r][w]) };
        }
    });
}
