//! How many requests one URL may get, smoothed over time.

use std::time::Duration;
use tokio::time::Instant;

/// A bucket of requests that fills at a steady rate. Who finds it empty waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    pub per_second: u32,
    pub burst: u32,
}

/// One bucket. `full_at` is when it will be full again if nobody asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    budget: Budget,
    full_at: Instant,
}

impl Bucket {
    pub(crate) fn new(budget: Budget, now: Instant) -> Self {
        let full_at = now;
        Self { budget, full_at }
    }

    /// Takes one request out; says from when on it may be made.
    pub(crate) fn take(&mut self, now: Instant) -> Instant {
        let price = Duration::from_secs(1) / self.budget.per_second.max(1);
        let depth = price * self.budget.burst.max(1);
        self.full_at = self.full_at.max(now) + price;
        self.full_at.checked_sub(depth).unwrap_or(now).max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_the_rest_waits_its_turn() {
        let now = Instant::now();
        let budget = Budget {
            per_second: 10,
            burst: 3,
        };
        let mut bucket = Bucket::new(budget, now);

        let waits: Vec<_> = (0..5)
            .map(|_| (bucket.take(now) - now).as_millis())
            .collect();

        assert_eq!(waits, [0, 0, 0, 100, 200]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_bucket_fills_up_but_not_over() {
        let now = Instant::now();
        let budget = Budget {
            per_second: 10,
            burst: 2,
        };
        let mut bucket = Bucket::new(budget, now);
        bucket.take(now);
        bucket.take(now);

        let later = now + Duration::from_mins(1);

        let waits: Vec<_> = (0..3)
            .map(|_| (bucket.take(later) - later).as_millis())
            .collect();
        assert_eq!(waits, [0, 0, 100]);
    }
}
