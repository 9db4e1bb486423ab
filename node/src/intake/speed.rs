//! How fast this machine trains: what the operator said, until it was measured.

use proto::Root;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Models whose speed is remembered; at the bound all are measured anew.
const MODELS_MAX: usize = 64;

/// Tokens per second of each model, shared by who measures and who promises.
#[derive(Clone, Debug)]
pub struct Speed {
    assumed: u64,
    measured: Arc<Mutex<BTreeMap<Root, u64>>>,
}

impl Speed {
    pub fn assumed(tokens_per_sec: u64) -> Self {
        Self {
            assumed: tokens_per_sec,
            measured: Arc::default(),
        }
    }

    /// A training of this model went at this speed. Of two, half of each counts: one slow
    /// afternoon does not decide, and neither does one lucky recipe.
    pub fn measured(&self, model: Root, tokens_per_sec: u64) {
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        if measured.len() >= MODELS_MAX && !measured.contains_key(&model) {
            measured.clear();
        }
        let before = measured.get(&model).copied().unwrap_or(tokens_per_sec);
        measured.insert(model, before.midpoint(tokens_per_sec).max(1));
    }

    pub fn tokens_per_sec(&self, model: Root) -> u64 {
        let measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        measured.get(&model).copied().unwrap_or(self.assumed).max(1)
    }

    /// How long so many tokens of this model take.
    pub fn secs(&self, model: Root, tokens: u64) -> u64 {
        tokens.div_ceil(self.tokens_per_sec(model))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Root = Root([1; 32]);
    const LARGE: Root = Root([2; 32]);

    #[test]
    fn until_it_is_measured_the_operator_is_believed() {
        let speed = Speed::assumed(100);

        assert_eq!(speed.secs(SMALL, 1_000), 10);
    }

    #[test]
    fn one_model_says_nothing_of_another() {
        let speed = Speed::assumed(100);

        speed.measured(SMALL, 5_000);

        assert_eq!(speed.tokens_per_sec(SMALL), 5_000);
        assert_eq!(speed.tokens_per_sec(LARGE), 100);
    }

    #[test]
    fn one_slow_training_does_not_decide() {
        let speed = Speed::assumed(100);
        speed.measured(SMALL, 1_000);

        speed.measured(SMALL, 200);

        assert_eq!(speed.tokens_per_sec(SMALL), 600);
    }

    #[test]
    fn a_speed_of_nothing_is_still_a_speed() {
        let speed = Speed::assumed(0);
        speed.measured(SMALL, 0);

        assert_eq!(speed.secs(SMALL, 7), 7);
        assert_eq!(speed.secs(LARGE, 7), 7);
    }
}
