//! How long the node waits for a sign of life.

use std::time::{Duration, Instant};

/// A deadline that every sign moves on. Monotonic: a clock that jumps kills nobody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    most: Duration,
    since: Instant,
}

impl Patience {
    pub(super) fn of(most: Duration) -> Self {
        Self { most, since: now() }
    }

    pub(super) fn renew(&mut self) {
        self.since = now();
    }

    /// Zero when it is at its end.
    pub(super) fn left(&self) -> Duration {
        self.most.saturating_sub(now().duration_since(self.since))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a watchdog measures its own waiting; no task state depends on it"
)]
fn now() -> Instant {
    Instant::now()
}
