//! What the operator says by signal: once to finish, twice to end.

use crate::stop::Stop;
use std::convert::Infallible;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The first signal drains; the second, or the end of the grace period, ends.
    pub async fn obey(mut self, stop: Stop, grace: Duration) -> Infallible {
        self.next().await;
        info!(
            grace_secs = grace.as_secs(),
            "stopping: nothing new is taken, what runs may finish"
        );
        stop.drain();
        if tokio::time::timeout(grace, self.next()).await.is_err() {
            info!("the grace period is over");
        }
        stop.now();
        std::future::pending().await
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

impl std::fmt::Debug for Signals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signals").finish_non_exhaustive()
    }
}
