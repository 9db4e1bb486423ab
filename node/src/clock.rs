//! The system's clock behind the port.

use crate::ports::Clock;
use async_trait::async_trait;
use proto::Seconds;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longer sleeps are cut into these, so that a turned system clock is noticed.
const NAP_MAX: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The time of the system, as exactly as it has it: for traces alone.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub fn wall() -> SystemTime {
    SystemTime::now()
}

#[async_trait]
impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Seconds {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    }

    async fn sleep_until(&self, at: Seconds) {
        while let Some(left @ 1..) = at.checked_sub(self.now()) {
            tokio::time::sleep(Duration::from_secs(left).min(NAP_MAX)).await;
        }
    }
}
