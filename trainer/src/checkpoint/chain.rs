//! The hash chain over a run: each step commits to all before it.
//!
//! `link(0)` is a digest of what the run is; `link(n+1)` is SHA-256 over `link(n)`,
//! the step, the bits of its loss and gradient norm, and the digest of its batches.
//! Who has a checkpoint and the data can recompute any window and compare.

use crate::digest::Hasher;
use proto::Digest;
use serde::{Deserialize, Serialize};

/// What one step was, to the bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    pub step: u64,
    /// The mean loss, as the bits of an f64.
    pub loss_bits: u64,
    /// The gradient norm before clipping, as the bits of an f32.
    pub grad_norm_bits: u32,
    #[serde(with = "crate::digest::hex_text")]
    pub batch: Digest,
}

impl StepRecord {
    pub fn new(step: u64, loss: f64, grad_norm: f32, batch: Digest) -> Self {
        Self {
            step,
            loss_bits: loss.to_bits(),
            grad_norm_bits: grad_norm.to_bits(),
            batch,
        }
    }

    pub fn loss(&self) -> f64 {
        f64::from_bits(self.loss_bits)
    }

    pub fn grad_norm(&self) -> f32 {
        f32::from_bits(self.grad_norm_bits)
    }
}

/// The newest link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Chain(#[serde(with = "crate::digest::hex_text")] pub Digest);

impl Chain {
    /// The first link: what the run is, before its first step.
    pub fn begin(run: Digest) -> Self {
        let mut hasher = Hasher::labelled("sealtune chain v1");
        hasher.part(run.as_bytes());
        Self(hasher.finish())
    }

    #[must_use]
    pub fn and(self, record: &StepRecord) -> Self {
        let mut hasher = Hasher::labelled("sealtune link v1");
        hasher
            .part(self.0.as_bytes())
            .number(record.step)
            .number(record.loss_bits)
            .number(u64::from(record.grad_norm_bits))
            .part(record.batch.as_bytes());
        Self(hasher.finish())
    }

    /// The last link of a run with these steps.
    pub fn over(run: Digest, records: &[StepRecord]) -> Self {
        records.iter().fold(Self::begin(run), Self::and)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256;

    fn records() -> Vec<StepRecord> {
        let record = |step: u64| StepRecord::new(step, 1.0 / step as f64, 2.0, sha256(b"batch"));
        (1..5).map(record).collect()
    }

    #[test]
    fn a_bit_of_any_loss_changes_the_last_link() {
        let run = sha256(b"run");
        let honest = Chain::over(run, &records());

        for at in 0..records().len() {
            let mut altered = records();
            altered[at].loss_bits ^= 1;
            assert_ne!(Chain::over(run, &altered), honest);
        }
    }

    #[test]
    fn steps_cannot_change_places() {
        let run = sha256(b"run");
        let mut swapped = records();
        swapped.swap(1, 2);

        assert_ne!(Chain::over(run, &swapped), Chain::over(run, &records()));
    }
}
