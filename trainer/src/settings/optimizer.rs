//! AdamW's numbers and the learning rate as a function of the step.

use serde::{Deserialize, Serialize};

/// AdamW with decoupled weight decay, as torch defines it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdamW {
    pub learning_rate: f32,
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
    pub weight_decay: f32,
}

impl Default for AdamW {
    fn default() -> Self {
        Self {
            learning_rate: 2e-4,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

/// The course of the learning rate after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    Constant,
    Linear,
    #[default]
    Cosine,
}

/// Linear warm-up, then the kind's course down to `floor` times the peak at `total_steps`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    pub kind: ScheduleKind,
    pub warmup_steps: u64,
    pub total_steps: u64,
    /// Least factor on the peak rate, 0 to 1.
    pub floor: f64,
}

impl Schedule {
    /// The rate of optimizer step `step` (from 0), the same numbers as transformers' schedulers.
    pub fn rate(&self, peak: f32, step: u64) -> f32 {
        (f64::from(peak) * self.factor(step)) as f32
    }

    fn factor(&self, step: u64) -> f64 {
        if step < self.warmup_steps {
            return step as f64 / self.warmup_steps as f64;
        }
        let course = match self.kind {
            ScheduleKind::Constant => 1.0,
            ScheduleKind::Linear => 1.0 - self.progress(step),
            ScheduleKind::Cosine => 0.5 * (1.0 + cos_pi(self.progress(step))),
        };
        self.floor + (1.0 - self.floor) * course
    }

    /// How far between the end of the warm-up and the end of the run, 0 to 1.
    fn progress(&self, step: u64) -> f64 {
        let span = self.total_steps.saturating_sub(self.warmup_steps).max(1);
        (step.saturating_sub(self.warmup_steps) as f64 / span as f64).min(1.0)
    }
}

/// cos(pi x) for 0 <= x <= 1 by its own series: the system's `cos` may differ between machines in the last bit.
fn cos_pi(x: f64) -> f64 {
    let y = (x - 0.5) * std::f64::consts::PI;
    let y2 = y * y;
    // sin's Taylor series to the 19th power; |y| <= pi/2 leaves an error below 1e-15.
    let terms = (1..10).rev().fold(1.0, |tail, k| {
        let k = f64::from(k);
        1.0 - tail * y2 / ((2.0 * k) * (2.0 * k + 1.0))
    });
    -y * terms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(kind: ScheduleKind) -> Schedule {
        Schedule {
            kind,
            warmup_steps: 10,
            total_steps: 110,
            floor: 0.0,
        }
    }

    #[test]
    fn warm_up_rises_linearly_from_zero() {
        let s = schedule(ScheduleKind::Cosine);

        assert!(s.rate(1.0, 0).abs() < 1e-9);
        assert!((s.rate(1.0, 5) - 0.5).abs() < 1e-6);
        assert!((s.rate(1.0, 10) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn each_kind_takes_its_course() {
        assert!((schedule(ScheduleKind::Constant).rate(2.0, 109) - 2.0).abs() < 1e-6);
        assert!((schedule(ScheduleKind::Linear).rate(1.0, 85) - 0.25).abs() < 1e-6);
        let cosine = schedule(ScheduleKind::Cosine);
        assert!((cosine.rate(1.0, 60) - 0.5).abs() < 1e-6);
        assert!((cosine.rate(1.0, 35) - 0.853_553_4).abs() < 1e-6);
        assert!(cosine.rate(1.0, 110).abs() < 1e-6);
    }

    #[test]
    fn our_cosine_is_the_cosine() {
        for i in 0..=1000 {
            let x = f64::from(i) / 1000.0;
            assert!(
                (cos_pi(x) - (std::f64::consts::PI * x).cos()).abs() < 1e-14,
                "at {x}"
            );
        }
    }
}
