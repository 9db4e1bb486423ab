//! How fast this machine trains: what the operator said, until it was measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tokens per second, shared by who measures and who promises.
#[derive(Clone, Debug)]
pub struct Speed(Arc<AtomicU64>);

impl Speed {
    pub fn assumed(tokens_per_sec: u64) -> Self {
        Self(Arc::new(AtomicU64::new(tokens_per_sec)))
    }

    /// A whole training went at this speed.
    pub fn measured(&self, tokens_per_sec: u64) {
        if tokens_per_sec > 0 {
            self.0.store(tokens_per_sec, Ordering::Relaxed);
        }
    }

    pub fn tokens_per_sec(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
