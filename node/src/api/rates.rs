//! How often each peer may call, and what for.

use super::buckets::Buckets;
use super::{Limits, Peer};
use proto::Seconds;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// A burst is what so many seconds allow.
const BURST_SECS: u32 = 4;
const CHALLENGES_AT_ONCE: u32 = 4;

/// Shared by who admits and who may change them.
#[derive(Clone, Debug)]
pub struct Rates(Arc<Mutex<Both>>);

#[derive(Debug)]
struct Both {
    calls: Buckets<IpAddr>,
    challenges: Buckets<IpAddr>,
}

impl Rates {
    pub fn new(limits: &Limits) -> Self {
        Self(Arc::new(Mutex::new(Both {
            calls: calls(limits),
            challenges: challenges(limits),
        })))
    }

    /// From now on these hold; who was over the old ones begins anew.
    pub fn change(&self, limits: &Limits) {
        self.with(|both| {
            both.calls.become_like(calls(limits));
            both.challenges.become_like(challenges(limits));
        });
    }

    pub(super) fn admit_call(&self, peer: Peer, now: Seconds) -> bool {
        self.with(|both| both.calls.take(neighbourhood(peer), now))
    }

    pub(super) fn admit_challenge(&self, peer: Peer, now: Seconds) -> bool {
        self.with(|both| both.challenges.take(neighbourhood(peer), now))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Both) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn calls(limits: &Limits) -> Buckets<IpAddr> {
    let per_sec = limits.calls_per_sec;
    let burst = per_sec.saturating_mul(BURST_SECS);
    Buckets::new(u64::from(per_sec) * 1_000, burst)
}

fn challenges(limits: &Limits) -> Buckets<IpAddr> {
    let per_min = u64::from(limits.challenges_per_min);
    Buckets::new(per_min * 1_000 / 60, CHALLENGES_AT_ONCE)
}

/// Whoever has one IPv6 address has 2^64 of them: they count as one.
pub(super) fn neighbourhood(peer: Peer) -> IpAddr {
    match peer.address.ip().to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(network.into())
        }
    }
}
