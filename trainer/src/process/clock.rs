//! Time, as the report needs it. No result depends on it.

use std::time::Instant;

/// Seconds since some moment; never goes back.
pub trait Clock {
    fn seconds(&self) -> f64;
}

/// The system's monotonic clock.
#[derive(Debug)]
pub struct MonotonicClock(Instant);

impl Default for MonotonicClock {
    fn default() -> Self {
        Self(now())
    }
}

impl Clock for MonotonicClock {
    fn seconds(&self) -> f64 {
        now().duration_since(self.0).as_secs_f64()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock")]
fn now() -> Instant {
    Instant::now()
}
