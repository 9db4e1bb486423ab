//! One request for one thing at a time; who comes later waits and finds it in the store.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};

#[derive(Debug, Default)]
pub(super) struct Flights {
    flying: Mutex<BTreeSet<String>>,
    landed: Condvar,
}

/// The right to fetch one thing, given back when dropped.
pub(super) struct Boarded<'a> {
    flights: &'a Flights,
    key: String,
}

impl Flights {
    /// Waits until nobody else fetches this, then takes the right to.
    pub(super) fn board(&self, key: &str) -> Boarded<'_> {
        // The set is whole after any panic: each change of it is one call.
        let mut flying = self.flying.lock().unwrap_or_else(PoisonError::into_inner);
        while flying.contains(key) {
            let landed = self.landed.wait(flying);
            flying = landed.unwrap_or_else(PoisonError::into_inner);
        }
        flying.insert(key.to_owned());
        Boarded {
            flights: self,
            key: key.to_owned(),
        }
    }
}

impl Drop for Boarded<'_> {
    fn drop(&mut self) {
        let flying = self.flights.flying.lock();
        flying
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
        self.flights.landed.notify_all();
    }
}
