//! `[api]`, `[operator]` and `[breaker]`: who may call, where, how often, and when to stop.

use super::reader::Section;
use crate::api::{Callers, Limits};
use std::net::SocketAddr;
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Api {
    pub listen: SocketAddr,
    pub limits: Limits,
    pub callers: Callers,
}

/// The operator's port.
#[derive(Clone, Copy, Debug)]
pub struct Operator {
    pub listen: SocketAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    pub failures_max: u32,
    pub disk_free_bytes_min: u64,
}

pub(super) fn api(section: &mut Section) -> Api {
    Api {
        listen: section.parsed("listen", "0.0.0.0:7700", "an address and a port"),
        limits: limits(section),
        callers: Callers {
            brokers: section.list("brokers", "SHA-256 digests, 0x and 64 digits"),
            operators: section.list("operators", "SHA-256 digests, 0x and 64 digits"),
        },
    }
}

fn limits(section: &mut Section) -> Limits {
    let usual = Limits::default();
    let secs = |section: &mut Section, key, usual: Duration| {
        Duration::from_secs(section.number(key, usual.as_secs(), 1..=600))
    };
    Limits {
        connections: section.number("connections_max", usual.connections, 1..=100_000),
        connections_per_peer: section.number(
            "connections_per_peer_max",
            usual.connections_per_peer,
            1..=100_000,
        ),
        calls: section.number("calls_max", usual.calls, 1..=10_000),
        streams: section.number("streams_max", usual.streams, 1..=100_000),
        streams_per_peer: section.number(
            "streams_per_peer_max",
            usual.streams_per_peer,
            1..=100_000,
        ),
        calls_per_sec: section.number("calls_per_sec", usual.calls_per_sec, 1..=100_000),
        challenges_per_min: section.number(
            "challenges_per_min",
            usual.challenges_per_min,
            1..=6_000,
        ),
        handshake: secs(section, "handshake_secs", usual.handshake),
        deadline: secs(section, "deadline_secs", usual.deadline),
    }
}

pub(super) fn operator(section: &mut Section) -> Operator {
    Operator {
        listen: section.parsed("listen", "127.0.0.1:7701", "an address and a port"),
    }
}

pub(super) fn breaker(section: &mut Section) -> Breaker {
    Breaker {
        failures_max: section.number("failures_max", 3, 1..=1_000),
        disk_free_bytes_min: section.number("disk_free_bytes_min", 5 << 30, 0..=u64::MAX),
    }
}
