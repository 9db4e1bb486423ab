//! Counter-based randomness: a pure function of (seed, stream, step, layer, index), so nothing random is ever saved.

use crate::backend::Place;

/// What random numbers are for; two uses never share a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// The adapter's first values.
    Init = 1,
    /// The order of examples.
    Shuffle = 2,
    /// Dropout before an adapter.
    Dropout = 3,
    /// NEFTune's noise.
    Embedding = 4,
    /// Random weights of a benchmark or of the tiny model.
    Weights = 5,
}

/// One sequence of random words: Philox4x32-10 with the seed as key and the place as counter.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    key: [u32; 2],
    place: [u32; 2],
}

impl Noise {
    /// The sequence of a stream that is not tied to a step; `which` tells tensors, epochs or layers apart.
    pub fn new(seed: u64, stream: Stream, which: u32) -> Self {
        Self::at(seed, stream, which, Place::default())
    }

    /// The sequence of a stream at a place of the run. Steps wrap at 2^24, micro-batches at 2^8: a number is only
    /// reused by runs longer than that.
    pub fn at(seed: u64, stream: Stream, which: u32, place: Place) -> Self {
        let step = (place.step as u32) << 8 | (place.micro & 0xff);
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            place: [(stream as u32) << 24 ^ which, step],
        }
    }

    /// Four words of block `index`.
    pub fn block(&self, index: u64) -> [u32; 4] {
        philox(
            [
                index as u32,
                (index >> 32) as u32,
                self.place[0],
                self.place[1],
            ],
            self.key,
        )
    }

    pub fn word(&self, index: u64) -> u32 {
        self.block(index / 4)[(index % 4) as usize]
    }

    /// Uniform in [0, 1), 24 bits.
    pub fn uniform(&self, index: u64) -> f32 {
        (self.word(index) >> 8) as f32 / 16_777_216.0
    }

    /// Normal with mean 0 and variance 1 (Box and Muller).
    pub fn normal(&self, index: u64) -> f32 {
        let [a, b, ..] = self.block(index);
        let radius = (-2.0 * libm::log((f64::from(a) + 1.0) / 4_294_967_297.0)).sqrt();
        (radius * libm::cos(2.0 * std::f64::consts::PI * f64::from(b) / 4_294_967_296.0)) as f32
    }
}

/// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    let wide = |a: u32, b: u32| {
        let product = u64::from(a) * u64::from(b);
        ((product >> 32) as u32, product as u32)
    };
    for _ in 0..10 {
        let (high0, low0) = wide(0xD251_1F53, counter[0]);
        let (high1, low1) = wide(0xCD9E_8D57, counter[2]);
        counter = [
            high1 ^ counter[1] ^ key[0],
            low1,
            high0 ^ counter[3] ^ key[1],
            low0,
        ];
        key = [
            key[0].wrapping_add(0x9E37_79B9),
            key[1].wrapping_add(0xBB67_AE85),
        ];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of the authors' Random123 library.
    #[test]
    fn philox_gives_the_published_words() {
        assert_eq!(
            philox([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox([!0; 4], [!0; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
    }

    #[test]
    fn uniform_and_normal_have_their_moments() {
        let noise = Noise::new(7, Stream::Weights, 3);
        let n = 20_000;

        let mean = (0..n).map(|i| f64::from(noise.uniform(i))).sum::<f64>() / n as f64;
        let variance = (0..n)
            .map(|i| f64::from(noise.normal(i)).powi(2))
            .sum::<f64>()
            / n as f64;

        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn streams_and_places_differ() {
        let words = [
            Noise::new(1, Stream::Init, 0).word(0),
            Noise::new(1, Stream::Init, 1).word(0),
            Noise::new(1, Stream::Dropout, 0).word(0),
            Noise::new(2, Stream::Init, 0).word(0),
            Noise::at(1, Stream::Init, 0, Place { step: 1, micro: 0 }).word(0),
            Noise::at(1, Stream::Init, 0, Place { step: 0, micro: 1 }).word(0),
        ];

        let mut unique = words.to_vec();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), words.len());
    }
}
