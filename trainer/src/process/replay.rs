//! A window of a run, taken again and compared step by step.

use crate::checkpoint::StepRecord;
use std::fs;
use std::io;
use std::path::Path;

/// How two runs of the same steps compare.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Replay {
    pub steps: u64,
    /// Steps whose loss, gradient norm and batch are the same to the bit.
    pub same_bits: u64,
    /// Steps that trained on other batches.
    pub other_batches: u64,
    pub largest_difference: f64,
}

impl Replay {
    /// Losses of another numeric class may differ by this much.
    const TOLERANCE: f64 = 1e-3;

    /// Whether this is the same run: to the bit on the same class, else closely.
    pub fn holds(&self, same_class: bool) -> bool {
        let close = self.largest_difference <= Self::TOLERANCE;
        self.other_batches == 0
            && if same_class {
                self.same_bits == self.steps
            } else {
                close
            }
    }
}

/// Compares the steps both runs have taken.
pub fn compare(recorded: &[StepRecord], taken: &[StepRecord]) -> Replay {
    let mut replay = Replay::default();
    for record in taken {
        let Some(before) = recorded.iter().find(|before| before.step == record.step) else {
            continue;
        };
        replay.steps += 1;
        replay.same_bits += u64::from(before == record);
        replay.other_batches += u64::from(before.batch != record.batch);
        let difference = difference(before, record);
        replay.largest_difference = replay.largest_difference.max(difference);
    }
    replay
}

/// A loss that is no number is infinitely far from any other.
fn difference(a: &StepRecord, b: &StepRecord) -> f64 {
    let difference = (a.loss() - b.loss()).abs();
    if a.loss_bits == b.loss_bits {
        0.0
    } else if difference.is_nan() {
        f64::INFINITY
    } else {
        difference
    }
}

/// Reads the steps of a finished run.
pub fn read_steps(path: &Path) -> io::Result<Vec<StepRecord>> {
    let text = fs::read_to_string(path)?;
    let records = text.lines().map(|line| Ok(serde_json::from_str(line)?));
    records.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256;

    fn records(losses: &[f64]) -> Vec<StepRecord> {
        let step = |(at, loss): (usize, &f64)| StepRecord::new(at as u64, *loss, 1.0, sha256(b"b"));
        losses.iter().enumerate().map(step).collect()
    }

    #[test]
    fn the_same_bits_hold_on_any_class() {
        let replay = compare(&records(&[1.0, 0.5]), &records(&[1.0, 0.5]));

        assert!(replay.holds(true) && replay.holds(false));
        assert_eq!((replay.steps, replay.same_bits), (2, 2));
    }

    #[test]
    fn a_close_loss_holds_on_another_class_only() {
        let replay = compare(&records(&[1.0]), &records(&[1.000_5]));

        assert!(!replay.holds(true) && replay.holds(false));
    }

    #[test]
    fn another_batch_never_holds() {
        let mut other = records(&[1.0]);
        other[0].batch = sha256(b"c");

        assert!(!compare(&records(&[1.0]), &other).holds(false));
    }
}
