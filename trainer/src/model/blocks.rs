//! Weights in the blocks of llama.cpp's files, decoded 32 values at a time.

/// Values decoded at once: a whole block of the older types, an eighth of the newer ones.
const STEP: usize = 32;

/// How the values of a block are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockKind {
    Q4_0,
    Q5_0,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
}

impl BlockKind {
    /// Values of one block.
    pub(super) const fn values(self) -> usize {
        match self {
            Self::Q4_0 | Self::Q5_0 | Self::Q8_0 => 32,
            Self::Q4K | Self::Q5K | Self::Q6K => 256,
        }
    }

    /// Bytes of one block.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Q4_0 => 2 + 16,
            Self::Q5_0 => 2 + 4 + 16,
            Self::Q8_0 => 2 + 32,
            Self::Q4K => 2 + 2 + 12 + 128,
            Self::Q5K => 2 + 2 + 12 + 32 + 128,
            Self::Q6K => 128 + 64 + 16 + 2,
        }
    }

    /// The `step`-th 32 values of a block.
    fn decode(self, block: &[u8], step: usize, out: &mut [f32; STEP]) {
        match self {
            Self::Q4_0 => q4_0(block, out),
            Self::Q5_0 => q5_0(block, out),
            Self::Q8_0 => q8_0(block, out),
            Self::Q4K => q4_k(block, step, out),
            Self::Q5K => q5_k(block, step, out),
            Self::Q6K => q6_k(block, step, out),
        }
    }
}

/// A flat row of values in blocks of one kind.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Blocks {
    kind: BlockKind,
    bytes: Vec<u8>,
}

impl Blocks {
    /// `bytes` are whole blocks.
    pub(super) fn new(kind: BlockKind, bytes: Vec<u8>) -> Self {
        assert!(
            bytes.len().is_multiple_of(kind.bytes()),
            "blocks are whole where files are read"
        );
        Self { kind, bytes }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// `out.len()` values from position `at` on.
    pub(super) fn decode(&self, at: usize, out: &mut [f32]) {
        let mut values = [0.0; STEP];
        let (mut at, mut out) = (at, out);
        while !out.is_empty() {
            let skipped = at % STEP;
            let here = (STEP - skipped).min(out.len());
            self.step(at / STEP, &mut values);
            let (now, later) = out.split_at_mut(here);
            now.copy_from_slice(&values[skipped..skipped + here]);
            (at, out) = (at + here, later);
        }
    }

    fn step(&self, step: usize, out: &mut [f32; STEP]) {
        let steps = self.kind.values() / STEP;
        let block = &self.bytes[step / steps * self.kind.bytes()..][..self.kind.bytes()];
        self.kind.decode(block, step % steps, out);
    }
}

fn half(bytes: &[u8]) -> f32 {
    half::f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
}

/// Low halves of sixteen bytes, then their high halves, less `middle`.
fn q4_0(block: &[u8], out: &mut [f32; STEP]) {
    let scale = half(block);
    let (low, high) = out.split_at_mut(16);
    for ((low, high), byte) in low.iter_mut().zip(high).zip(&block[2..]) {
        *low = f32::from((byte & 15) as i8 - 8) * scale;
        *high = f32::from((byte >> 4) as i8 - 8) * scale;
    }
}

/// As `q4_0`, with a fifth bit of each value in one word.
fn q5_0(block: &[u8], out: &mut [f32; STEP]) {
    let scale = half(block);
    let fifth = u32::from_le_bytes([block[2], block[3], block[4], block[5]]);
    for (j, out) in out.iter_mut().enumerate() {
        let four = block[6 + j % 16] >> (j / 16 * 4) & 15;
        let bit = (fifth >> j & 1) as u8;
        *out = f32::from((four | bit << 4) as i8 - 16) * scale;
    }
}

fn q8_0(block: &[u8], out: &mut [f32; STEP]) {
    let scale = half(block);
    out.iter_mut()
        .zip(&block[2..])
        .for_each(|(out, byte)| *out = f32::from(*byte as i8) * scale);
}

/// The six-bit scale and minimum of 32 values, out of the twelve bytes of a block.
fn scale_and_minimum(packed: &[u8], step: usize) -> (u8, u8) {
    if step < 4 {
        return (packed[step] & 63, packed[step + 4] & 63);
    }
    let (low, high) = (packed[step - 4] >> 6, packed[step] >> 6);
    let both = packed[step + 4];
    (both & 15 | low << 4, both >> 4 | high << 4)
}

/// Factor and offset of 32 values of the K types with a minimum.
fn line(block: &[u8], step: usize) -> (f32, f32) {
    let (scale, minimum) = scale_and_minimum(&block[4..16], step);
    (
        half(block) * f32::from(scale),
        half(&block[2..]) * f32::from(minimum),
    )
}

/// 64 values share 32 bytes: low halves first, then high ones.
fn q4_k(block: &[u8], step: usize, out: &mut [f32; STEP]) {
    let (factor, offset) = line(block, step);
    let codes = &block[16 + step / 2 * STEP..];
    let shift = step % 2 * 4;
    out.iter_mut()
        .zip(codes)
        .for_each(|(out, code)| *out = factor * f32::from(code >> shift & 15) - offset);
}

/// As `q4_k`; bit `step` of 32 further bytes is the fifth bit.
fn q5_k(block: &[u8], step: usize, out: &mut [f32; STEP]) {
    let (factor, offset) = line(block, step);
    let (fifth, codes) = (&block[16..48], &block[48 + step / 2 * STEP..]);
    let shift = step % 2 * 4;
    for ((out, code), fifth) in out.iter_mut().zip(codes).zip(fifth) {
        let code = code >> shift & 15 | (fifth >> step & 1) << 4;
        *out = factor * f32::from(code) - offset;
    }
}

/// Two halves of 128 values; in each, four times 32 values over 64 bytes of low and 32 of high bits.
fn q6_k(block: &[u8], step: usize, out: &mut [f32; STEP]) {
    let (part, quarter) = (step / 4, step % 4);
    let low = &block[part * 64 + quarter % 2 * STEP..];
    let high = &block[128 + part * STEP..];
    let scales = &block[192 + part * 8 + quarter * 2..];
    let scale = half(&block[208..]);
    for (l, out) in out.iter_mut().enumerate() {
        let low = low[l] >> (quarter / 2 * 4) & 15;
        let code = low | (high[l] >> (2 * quarter) & 3) << 4;
        *out = scale * f32::from(scales[l / 16] as i8) * f32::from(code as i8 - 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::quantized::{GgmlDType, QTensor};
    use candle_core::{Device, Tensor};

    const KINDS: [(BlockKind, GgmlDType); 6] = [
        (BlockKind::Q4_0, GgmlDType::Q4_0),
        (BlockKind::Q5_0, GgmlDType::Q5_0),
        (BlockKind::Q8_0, GgmlDType::Q8_0),
        (BlockKind::Q4K, GgmlDType::Q4K),
        (BlockKind::Q5K, GgmlDType::Q5K),
        (BlockKind::Q6K, GgmlDType::Q6K),
    ];

    /// Blocks that candle wrote, and what candle reads in them.
    fn written(theirs: GgmlDType) -> (Vec<u8>, Vec<f32>) {
        let values: Vec<f32> = (0..1024_u32)
            .map(|i| (i * 7919 % 1009) as f32 / 500.0 - 1.0 + (i / 256) as f32)
            .collect();
        let tensor = Tensor::from_vec(values, 1024, &Device::Cpu).unwrap();
        let packed = QTensor::quantize(&tensor, theirs).unwrap();
        let read = packed.dequantize(&Device::Cpu).unwrap().to_vec1().unwrap();
        (packed.data().unwrap().into_owned(), read)
    }

    #[test]
    fn every_kind_is_read_as_candle_reads_it() {
        for (kind, theirs) in KINDS {
            let (bytes, expected) = written(theirs);
            assert_eq!(bytes.len(), 1024 / kind.values() * kind.bytes());

            let blocks = Blocks::new(kind, bytes);
            let mut got = vec![0.0; 1024];
            blocks.decode(0, &mut got);

            assert!(expected.iter().any(|v| *v != 0.0));
            for (got, expected) in got.iter().zip(&expected) {
                assert!((got - expected).abs() <= 1e-6, "{kind:?}");
            }
        }
    }

    #[test]
    fn every_stretch_decodes_to_its_part() {
        for (kind, theirs) in KINDS {
            let blocks = Blocks::new(kind, written(theirs).0);
            let mut whole = vec![0.0; 1024];
            blocks.decode(0, &mut whole);

            for (at, len) in [(0, 1), (31, 2), (32, 64), (250, 300), (1023, 1)] {
                let mut part = vec![0.0; len];
                blocks.decode(at, &mut part);
                assert_eq!(part, whole[at..at + len], "{kind:?} at {at}");
            }
        }
    }
}
