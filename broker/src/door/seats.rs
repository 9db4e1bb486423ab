//! Open connections: so many in all, so many for each neighbourhood.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts holders, and lets no more in than there is room for.
#[derive(Clone, Debug)]
pub(super) struct Seats(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    in_all: usize,
    per_peer: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by_peer: BTreeMap<IpAddr, usize>,
}

/// Given back when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Seats,
    peer: IpAddr,
}

impl Seats {
    pub(super) fn new(in_all: usize, per_peer: usize) -> Self {
        let taken = Mutex::default();
        Self(Arc::new(Inner {
            in_all,
            per_peer,
            taken,
        }))
    }

    pub(super) fn take(&self, peer: IpAddr) -> Option<Seat> {
        let mut taken = self.taken();
        let by_peer = taken.by_peer.get(&peer).copied().unwrap_or(0);
        if taken.in_all >= self.0.in_all || by_peer >= self.0.per_peer {
            return None;
        }
        taken.in_all += 1;
        taken.by_peer.insert(peer, by_peer + 1);
        drop(taken);
        let seats = self.clone();
        Some(Seat { seats, peer })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.in_all -= 1;
        let left = taken.by_peer.get(&self.peer).map_or(0, |count| count - 1);
        if left == 0 {
            taken.by_peer.remove(&self.peer);
        } else {
            taken.by_peer.insert(self.peer, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn a_seat_given_back_can_be_taken_again() {
        let seats = Seats::new(2, 1);
        let first = seats.take(peer(1)).unwrap();
        assert!(seats.take(peer(1)).is_none());
        let _second = seats.take(peer(2)).unwrap();
        assert!(seats.take(peer(3)).is_none());

        drop(first);

        assert!(seats.take(peer(3)).is_some());
        assert_eq!(seats.taken().by_peer.len(), 1);
    }
}
