//! Which replicas lied, for as long as the caller remembers.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracing::warn;

/// At this many names the oldest blame is of no more use than none: all is forgotten.
const NAMES_MAX: usize = 4096;

/// A memory of replicas that gave bytes which are not the content's.
#[derive(Debug, Default)]
pub struct Reputation {
    bad: Mutex<BTreeMap<String, String>>,
}

impl Reputation {
    /// Remembers that this replica lied, and how.
    pub fn blame(&self, replica: &str, how: &str) {
        warn!(replica, how, "replica will not be asked again");
        let mut bad = self.lock();
        if bad.len() >= NAMES_MAX {
            bad.clear();
        }
        bad.insert(replica.to_owned(), how.to_owned());
    }

    pub fn is_bad(&self, replica: &str) -> bool {
        self.lock().contains_key(replica)
    }

    /// Every replica that lied, and how.
    pub fn list(&self) -> Vec<(String, String)> {
        self.lock().clone().into_iter().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.bad.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
