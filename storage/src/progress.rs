//! Progress: bytes, rate and time to go.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Who wants to know how a transfer goes.
pub trait Progress: Debug + Send + Sync {
    /// A transfer of `total` bytes goes on from `there`.
    fn begin(&self, total: u64, there: u64);
    /// So many more bytes of content are where they belong.
    fn moved(&self, bytes: u64);
    /// So many bytes came that were of no use.
    fn wasted(&self, bytes: u64);
}

/// Nobody.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _total: u64, _there: u64) {}
    fn moved(&self, _bytes: u64) {}
    fn wasted(&self, _bytes: u64) {}
}

/// Counts what moves.
#[derive(Debug)]
pub struct Meter {
    since: Instant,
    total: AtomicU64,
    there: AtomicU64,
    moved: AtomicU64,
    wasted: AtomicU64,
}

/// What a meter shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub total: u64,
    /// Bytes where they belong, those from before included.
    pub done: u64,
    pub moved: u64,
    pub wasted: u64,
    pub bytes_per_sec: u64,
    /// `None` while nothing has moved.
    pub eta: Option<Duration>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            total: AtomicU64::default(),
            there: AtomicU64::default(),
            moved: AtomicU64::default(),
            wasted: AtomicU64::default(),
        }
    }
}

impl Meter {
    pub fn read(&self) -> Reading {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (total, moved) = (load(&self.total), load(&self.moved));
        let done = load(&self.there).saturating_add(moved);
        let rate = rate(moved, self.since.elapsed());
        let eta = total
            .saturating_sub(done)
            .checked_div(rate)
            .map(Duration::from_secs);
        Reading {
            total,
            done,
            moved,
            wasted: load(&self.wasted),
            bytes_per_sec: rate,
            eta,
        }
    }
}

fn rate(bytes: u64, elapsed: Duration) -> u64 {
    let millis = elapsed.as_millis().max(1);
    u64::try_from(u128::from(bytes) * 1000 / millis).unwrap_or(u64::MAX)
}

impl Progress for Meter {
    fn begin(&self, total: u64, there: u64) {
        self.total.store(total, Ordering::Relaxed);
        self.there.store(there, Ordering::Relaxed);
    }

    fn moved(&self, bytes: u64) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
    }

    fn wasted(&self, bytes: u64) {
        self.wasted.fetch_add(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_meter_knows_the_rate_and_the_time_to_go() {
        let meter = Meter::default();
        meter.begin(1000, 200);

        meter.moved(400);
        tokio::time::advance(Duration::from_secs(4)).await;

        let reading = meter.read();
        assert_eq!((reading.done, reading.bytes_per_sec), (600, 100));
        assert_eq!(reading.eta, Some(Duration::from_secs(4)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_meter_that_saw_nothing_promises_nothing() {
        let meter = Meter::default();
        meter.begin(1000, 0);

        assert_eq!(meter.read().eta, None);
    }
}
