//! Products of small matrices, cut into register tiles.

use super::Isa;

/// c(i, j) = or += the sum over k of a(i, k) · b(k, j); columns of b and c are contiguous.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product<'a> {
    pub(crate) a: &'a [f32],
    pub(crate) a_row: usize,
    pub(crate) a_col: usize,
    pub(crate) b: &'a [f32],
    pub(crate) b_row: usize,
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) k: usize,
    pub(crate) accumulate: bool,
}

/// The same as pointers, for one tile.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub(super) a: *const f32,
    pub(super) a_row: usize,
    pub(super) a_col: usize,
    pub(super) b: *const f32,
    pub(super) b_row: usize,
    pub(super) c: *mut f32,
    pub(super) c_row: usize,
    pub(super) k: usize,
    pub(super) accumulate: bool,
}

/// Computes the product into `c`, whose rows are `c_row` apart.
pub(crate) fn multiply(isa: Isa, p: Product<'_>, c: &mut [f32], c_row: usize) {
    if p.m == 0 || p.n == 0 {
        return;
    }
    assert!(c.len() >= (p.m - 1) * c_row + p.n, "c is too small");
    if p.k > 0 {
        assert!(
            p.a.len() > (p.m - 1) * p.a_row + (p.k - 1) * p.a_col,
            "a is too small"
        );
        assert!(p.b.len() >= (p.k - 1) * p.b_row + p.n, "b is too small");
    }
    let tile = Tile {
        a: p.a.as_ptr(),
        a_row: p.a_row,
        a_col: p.a_col,
        b: p.b.as_ptr(),
        b_row: p.b_row,
        c: c.as_mut_ptr(),
        c_row,
        k: p.k,
        accumulate: p.accumulate,
    };
    match isa {
        // SAFETY: the asserts above bound every element that the m x n x k tiles touch, `c` is exclusively borrowed,
        // and the Isa was detected.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { super::tile512::cover(tile, p.m, p.n) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { super::tile256::cover(tile, p.m, p.n) },
        Isa::Scalar => multiply_plainly(p, c, c_row),
        #[cfg(not(target_arch = "x86_64"))]
        Isa::Avx2 | Isa::Avx512 => multiply_plainly(p, c, c_row),
    }
}

/// The definition that the tiles must equal bit for bit.
fn multiply_plainly(p: Product<'_>, c: &mut [f32], c_row: usize) {
    for i in 0..p.m {
        for j in 0..p.n {
            let start = if p.accumulate { c[i * c_row + j] } else { 0.0 };
            c[i * c_row + j] = (0..p.k).fold(start, |sum, k| {
                p.a[i * p.a_row + k * p.a_col].mul_add(p.b[k * p.b_row + j], sum)
            });
        }
    }
}

impl Tile {
    /// The tile that starts `rows` further down and `cols` further right.
    ///
    /// # Safety
    /// The offsets must stay within the matrices.
    pub(super) unsafe fn at(self, rows: usize, cols: usize) -> Self {
        // SAFETY: the caller keeps the offsets inside the matrices.
        unsafe {
            Self {
                a: self.a.add(rows * self.a_row),
                b: self.b.add(cols),
                c: self.c.add(rows * self.c_row + cols),
                ..self
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(len: usize, salt: usize) -> Vec<f32> {
        (0..len)
            .map(|i| ((i * 7919 + salt * 104_729) % 1009) as f32 / 500.0 - 1.0)
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_instruction_set_gives_the_same_bits(
            m in 1usize..40, n in 1usize..70, k in 0usize..50,
            accumulate in any::<bool>(), transposed in any::<bool>(),
        ) {
            let (a_row, a_col) = if transposed { (1, m + 2) } else { (k + 3, 1) };
            let a = values((m + 3) * (k + 3), 1);
            let b = values((k + 1) * (n + 1), 2);
            let before = values(m * (n + 5), 3);
            let product = Product { a: &a, a_row, a_col, b: &b, b_row: n + 1, m, n, k, accumulate };
            let mut expected = before.clone();
            multiply(Isa::Scalar, product, &mut expected, n + 5);

            for isa in Isa::available() {
                let mut c = before.clone();
                multiply(*isa, product, &mut c, n + 5);
                prop_assert!(c.iter().zip(&expected).all(|(x, y)| x.to_bits() == y.to_bits()), "{isa:?}");
            }
        }
    }
}
