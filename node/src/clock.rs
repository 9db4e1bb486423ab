//! Time behind the port: the chain's, and before there is a chain the system's.

use crate::ports::Clock;
use async_trait::async_trait;
use proto::Seconds;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::time::Instant;

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

/// A block may be this much behind our own counting before it is believed against it.
const DRIFT_MAX: Seconds = 60;

/// The chain's time: what a block said last, and what has passed since by the machine's steady
/// clock. The host may turn the system's clock as it likes; deadlines do not follow it.
#[derive(Clone, Debug)]
pub struct ChainClock(watch::Sender<Anchor>);

#[derive(Clone, Copy, Debug)]
struct Anchor {
    /// What the newest block said.
    said: Seconds,
    /// The time when `since` was.
    time: Seconds,
    since: Instant,
}

impl ChainClock {
    /// As a block says.
    pub fn at(time: Seconds) -> Self {
        let anchor = Anchor {
            said: time,
            time,
            since: steady_now(),
        };
        Self(watch::Sender::new(anchor))
    }

    /// Another block was seen. Time goes on between blocks, and does not go back because one
    /// is a little late; a block that says something else altogether is right.
    pub fn hear(&self, said: Seconds) {
        let now = self.now();
        self.0.send_if_modified(|anchor| {
            if said == anchor.said {
                return false;
            }
            anchor.said = said;
            let is_right = said > now || now - said > DRIFT_MAX;
            if is_right {
                anchor.time = said;
                anchor.since = steady_now();
            }
            is_right
        });
    }
}

#[async_trait]
impl Clock for ChainClock {
    fn now(&self) -> Seconds {
        let anchor = *self.0.borrow();
        let passed = steady_now().duration_since(anchor.since);
        anchor.time.saturating_add(passed.as_secs())
    }

    async fn sleep_until(&self, at: Seconds) {
        let mut turned = self.0.subscribe();
        while let Some(left @ 1..) = at.checked_sub(self.now()) {
            let nap = Duration::from_secs(left).min(NAP_MAX);
            tokio::select! {
                () = tokio::time::sleep(nap) => {}
                // The sender is this clock.
                _turned = turned.changed() => {}
            }
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the clock")]
fn steady_now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn between_blocks_time_goes_on() {
        let clock = ChainClock::at(1_000);

        advance(Duration::from_secs(30)).await;

        assert_eq!(clock.now(), 1_030);
    }

    #[tokio::test(start_paused = true)]
    async fn a_block_that_is_a_little_late_does_not_turn_time_back() {
        let clock = ChainClock::at(1_000);
        advance(Duration::from_secs(30)).await;

        clock.hear(1_012);

        assert_eq!(clock.now(), 1_030);
    }

    #[tokio::test(start_paused = true)]
    async fn while_no_block_comes_time_goes_on_all_the_same() {
        let clock = ChainClock::at(1_000);
        for _ in 0..360 {
            advance(Duration::from_secs(10)).await;
            clock.hear(1_000);
        }

        assert_eq!(clock.now(), 4_600);
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_slept_hears_what_time_it_is() {
        let clock = ChainClock::at(1_000);

        clock.hear(90_000);

        assert_eq!(clock.now(), 90_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_ran_ahead_is_called_back() {
        let clock = ChainClock::at(1_000);
        advance(Duration::from_secs(4_000)).await;

        clock.hear(1_100);

        assert_eq!(clock.now(), 1_100);
    }

    #[tokio::test(start_paused = true)]
    async fn who_sleeps_is_woken_when_the_chain_says_that_it_is_time() {
        let clock = ChainClock::at(1_000);
        let asleep = clock.sleep_until(50_000);
        tokio::pin!(asleep);
        assert!(
            tokio::time::timeout(Duration::from_secs(5), &mut asleep)
                .await
                .is_err()
        );

        clock.hear(50_001);

        let woken = tokio::time::timeout(Duration::from_secs(1), asleep).await;
        assert_eq!(woken, Ok(()));
    }
}
