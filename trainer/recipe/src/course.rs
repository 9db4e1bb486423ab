//! How long, how often, and how much is held out.

use super::Recipe;

/// How much of a dataset is held out for evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Holdout {
    None,
    /// A share of all examples, on average.
    Share(f64),
    /// This many examples, copies counted.
    Count(usize),
}

impl Recipe {
    /// Steps of the whole run, given those of an epoch.
    pub fn total_steps(&self, steps_per_epoch: u64) -> u64 {
        let by_epochs = (steps_per_epoch as f64 * self.num_epochs).ceil() as u64;
        self.max_steps.unwrap_or(by_epochs)
    }

    pub fn eval_every(&self, steps_per_epoch: u64) -> Option<u64> {
        every(self.eval_steps, self.evals_per_epoch, steps_per_epoch)
    }

    pub fn save_every(&self, steps_per_epoch: u64) -> Option<u64> {
        every(self.save_steps, self.saves_per_epoch, steps_per_epoch)
    }

    pub fn holdout(&self) -> Holdout {
        if self.val_set_size >= 1.0 {
            Holdout::Count(self.val_set_size as usize)
        } else if self.val_set_size > 0.0 {
            Holdout::Share(self.val_set_size)
        } else {
            Holdout::None
        }
    }
}

fn every(steps: Option<u64>, per_epoch: Option<u64>, steps_per_epoch: u64) -> Option<u64> {
    steps.or_else(|| per_epoch.map(|times| (steps_per_epoch / times).max(1)))
}
