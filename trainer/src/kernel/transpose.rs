//! Blocks of a matrix turned on their side while panels are packed.

use super::isa::versions;

versions! {
    /// dst(k, j) = src(j, k) for 32 rows j and `depth` columns k; rows of src are `src_row` apart, of dst 32.
    pub(crate) fn transpose_block(src: &[f32], src_row: usize, depth: usize, dst: &mut [f32]) {
        for (k0, out) in (0..depth).step_by(8).zip(dst[..depth * 32].chunks_mut(8 * 32)) {
            for j in 0..32 {
                let row = &src[j * src_row + k0..];
                for (k, out) in out.chunks_exact_mut(32).enumerate() {
                    out[j] = row[k];
                }
            }
        }
    }
}
