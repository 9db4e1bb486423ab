//! A clock that the test turns.

use crate::ports::Clock;
use async_trait::async_trait;
use proto::Seconds;
use std::time::Duration;
use tokio::time::Instant;

/// Sleeping longer than this is sleeping for ever; the timer cannot hold more.
const FAR_SECS: Seconds = 1 << 32;

/// Follows the runtime's own clock, which a test pauses and turns.
#[derive(Debug)]
pub struct TurnedClock {
    epoch: Instant,
}

impl TurnedClock {
    /// # Panics
    /// Outside a runtime: it has no clock to follow.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the clock; tokio's can be turned"
    )]
    pub fn start() -> Self {
        Self {
            epoch: Instant::now(),
        }
    }
}

#[async_trait]
impl Clock for TurnedClock {
    fn now(&self) -> Seconds {
        self.epoch.elapsed().as_secs()
    }

    async fn sleep_until(&self, at: Seconds) {
        tokio::time::sleep_until(self.epoch + Duration::from_secs(at.min(FAR_SECS))).await;
    }
}
