//! Rotary embeddings: frequencies of every scaling in use, and their table of cosines and sines.

/// How positions become angles.
#[derive(Clone, Debug, PartialEq)]
pub struct Rope {
    /// Angle per position, one per pair of dimensions.
    pub inverse_frequencies: Vec<f32>,
    /// What cosines and sines are multiplied with.
    pub factor: f32,
}

impl Rope {
    /// 1 / base^(2i/d), in the roundings of torch.
    pub fn plain(base: f64, rotated: usize) -> Self {
        let frequency = |i: usize| {
            let exponent = (2 * i) as f32 / rotated as f32;
            1.0 / libm::pow(base, f64::from(exponent)) as f32
        };
        Self {
            inverse_frequencies: (0..rotated / 2).map(frequency).collect(),
            factor: 1.0,
        }
    }

    /// All angles divided.
    #[must_use]
    pub fn linear(mut self, factor: f32) -> Self {
        self.inverse_frequencies
            .iter_mut()
            .for_each(|f| *f /= factor);
        self
    }

    /// Llama 3.1's: long waves slowed, short ones kept, a ramp between.
    #[must_use]
    pub fn llama3(mut self, factor: f32, low: f32, high: f32, original: f32) -> Self {
        for f in &mut self.inverse_frequencies {
            let wave = 2.0 * std::f32::consts::PI / *f;
            *f = if wave > original / low {
                *f / factor
            } else if wave < original / high {
                *f
            } else {
                let smooth = (original / wave - low) / (high - low);
                (1.0 - smooth) * *f / factor + smooth * *f
            };
        }
        self
    }

    /// Phi's: each frequency divided by its own factor.
    #[must_use]
    pub fn divided(mut self, factors: &[f32], factor: f32) -> Self {
        self.inverse_frequencies
            .iter_mut()
            .zip(factors)
            .for_each(|(f, by)| *f /= by);
        self.factor = factor;
        self
    }

    /// YaRN: interpolated below, kept above, a ramp between the two correction dimensions.
    #[must_use]
    pub fn yarn(mut self, y: &Yarn) -> Self {
        let half = self.inverse_frequencies.len();
        let dimension = |turns: f64| {
            let ratio = y.original / (turns * 2.0 * std::f64::consts::PI);
            (2 * half) as f64 * libm::log(ratio) / (2.0 * libm::log(y.base))
        };
        let low = dimension(y.beta_fast).floor().max(0.0) as f32;
        let high = dimension(y.beta_slow).ceil().min((2 * half - 1) as f64) as f32;
        let span = if high > low { high - low } else { 0.001 };
        for (i, f) in self.inverse_frequencies.iter_mut().enumerate() {
            let kept = 1.0 - ((i as f32 - low) / span).clamp(0.0, 1.0);
            *f = *f / y.factor * (1.0 - kept) + *f * kept;
        }
        self.factor = y.attention_factor;
        self
    }

    pub fn table(&self, positions: usize) -> RopeTable {
        let angles = || {
            (0..positions).flat_map(|p| self.inverse_frequencies.iter().map(move |f| p as f32 * f))
        };
        RopeTable {
            half: self.inverse_frequencies.len(),
            cos: angles()
                .map(|a| libm::cos(f64::from(a)) as f32 * self.factor)
                .collect(),
            sin: angles()
                .map(|a| libm::sin(f64::from(a)) as f32 * self.factor)
                .collect(),
        }
    }
}

/// YaRN's numbers.
#[derive(Clone, Copy, Debug)]
pub struct Yarn {
    pub base: f64,
    pub factor: f32,
    pub original: f64,
    pub beta_fast: f64,
    pub beta_slow: f64,
    pub attention_factor: f32,
}

/// Cosines and sines of every position.
#[derive(Clone, Debug, PartialEq)]
pub struct RopeTable {
    half: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl RopeTable {
    pub fn at(&self, position: usize) -> (&[f32], &[f32]) {
        let range = position * self.half..(position + 1) * self.half;
        (&self.cos[range.clone()], &self.sin[range])
    }
}
