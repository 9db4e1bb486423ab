//! Weights in four bits: QLoRA's normal-float table, blocks of 64 values with one absolute maximum.

/// Values of one block.
pub(super) const BLOCK: usize = 64;

/// Quantiles of a normal distribution scaled to ±1, with an exact zero (Dettmers et al., "QLoRA", appendix E).
const TABLE: [f32; 16] = [
    -1.0,
    -0.696_192_8,
    -0.525_073_05,
    -0.394_917_5,
    -0.284_441_38,
    -0.184_773_43,
    -0.091_050_036,
    0.0,
    0.079_580_3,
    0.160_930_2,
    0.246_112_3,
    0.337_915_24,
    0.440_709_83,
    0.562_617,
    0.722_956_84,
    1.0,
];

/// What a file's values are rounded to after they are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    None,
    Bf16,
    F16,
}

impl Rounding {
    fn apply(self, value: f32) -> f32 {
        match self {
            Self::None => value,
            Self::Bf16 => half::bf16::from_f32(value).to_f32(),
            Self::F16 => half::f16::from_f32(value).to_f32(),
        }
    }
}

/// A flat row of values, two codes to a byte, the first in the high half.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Nf4 {
    codes: Vec<u8>,
    maxima: Vec<f32>,
    table: [f32; 16],
    rounding: Rounding,
}

impl Nf4 {
    pub(super) fn quantise(values: &[f32]) -> Self {
        let maxima: Vec<f32> = values
            .chunks(BLOCK)
            .map(|b| b.iter().fold(0.0, |max: f32, v| max.max(v.abs())))
            .collect();
        let code = |i: usize| values.get(i).map_or(7, |v| nearest(*v, maxima[i / BLOCK]));
        let codes = (0..values.len().div_ceil(2))
            .map(|i| code(2 * i) << 4 | code(2 * i + 1))
            .collect();
        Self {
            codes,
            maxima,
            table: TABLE,
            rounding: Rounding::None,
        }
    }

    /// What a checkpoint holds: `len` values with its own table and type.
    pub(super) fn of_parts(
        len: usize,
        codes: Vec<u8>,
        maxima: Vec<f32>,
        table: [f32; 16],
        rounding: Rounding,
    ) -> Option<Self> {
        let fits = codes.len() == len.div_ceil(2) && maxima.len() == len.div_ceil(BLOCK);
        fits.then_some(Self {
            codes,
            maxima,
            table,
            rounding,
        })
    }

    /// `out.len()` values from position `at` on.
    pub(super) fn decode(&self, at: usize, out: &mut [f32]) {
        let (mut at, mut out) = (at, out);
        while !out.is_empty() {
            let here = (BLOCK - at % BLOCK).min(out.len());
            let (now, later) = out.split_at_mut(here);
            self.decode_in_block(at, now);
            (at, out) = (at + here, later);
        }
    }

    /// Values that share one maximum: sixteen products make the table of all.
    fn decode_in_block(&self, at: usize, out: &mut [f32]) {
        let max = self.maxima[at / BLOCK];
        let table = self.table.map(|value| self.rounding.apply(value * max));
        for (i, out) in (at..).zip(out) {
            let shift = if i % 2 == 0 { 4 } else { 0 };
            *out = table[usize::from(self.codes[i / 2] >> shift & 15)];
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.codes.len() + 4 * self.maxima.len()
    }
}

/// The code whose value is nearest; of two, the lower.
fn nearest(value: f32, max: f32) -> u8 {
    let scaled = if max > 0.0 { value / max } else { 0.0 };
    let above = |(low, high): (&f32, &f32)| scaled > (low + high) / 2.0;
    TABLE
        .iter()
        .zip(&TABLE[1..])
        .filter(|pair| above(*pair))
        .count() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_values_survive_and_others_move_to_their_nearest() {
        let mut values: Vec<f32> = TABLE.iter().map(|t| t * 3.0).collect();
        values.extend([0.2, -2.9, 0.0]);

        let packed = Nf4::quantise(&values);
        let mut back = vec![0.0; values.len()];
        packed.decode(0, &mut back);

        assert_eq!(back[..16], values[..16]);
        assert_eq!(back[16..], [0.079_580_3 * 3.0, -3.0, 0.0]);
        assert_eq!(packed.bytes(), 10 + 4);
    }

    #[test]
    fn every_stretch_decodes_to_its_part() {
        let values: Vec<f32> = (0..200).map(|i| ((i * 37) % 101) as f32 - 50.0).collect();
        let packed = Nf4::quantise(&values);
        let mut whole = vec![0.0; 200];
        packed.decode(0, &mut whole);

        for (at, len) in [(1, 5), (63, 3), (64, 64), (127, 73)] {
            let mut part = vec![0.0; len];
            packed.decode(at, &mut part);
            assert_eq!(part, whole[at..at + len]);
        }
    }
}
