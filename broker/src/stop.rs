//! The two ways to stop: finish what was begun, or end at once.

use tokio_util::sync::CancellationToken;

/// Passed to everything that runs. Ending at once is safe because a crash is.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    drain: CancellationToken,
    now: CancellationToken,
}

impl Stop {
    /// Take nothing new, finish what runs.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Drop everything.
    pub fn now(&self) {
        self.drain.cancel();
        self.now.cancel();
    }

    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    pub async fn draining(&self) {
        self.drain.cancelled().await;
    }

    pub async fn at_once(&self) {
        self.now.cancelled().await;
    }
}
