//! What the node depends on: disk, chain, RPC endpoints, evidence.

use super::whole;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use proto::Seconds;

#[derive(Default)]
pub(super) struct World {
    disk_free: Gauge,
    chain_at: Gauge,
    clock_skew: Gauge,
    attested_at: Gauge,
    requests: Family<Endpoint, Counter>,
    faults: Family<Endpoint, Counter>,
    storage: Gauge,
    storage_own: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Endpoint {
    /// The place in chain.urls: a URL may hold a key.
    rpc: u32,
}

impl World {
    pub(super) fn register(&self, all: &mut Registry) {
        all.register_with_unit(
            "disk_free",
            "Room left in the state folder",
            Unit::Bytes,
            self.disk_free.clone(),
        );
        all.register(
            "chain_timestamp_seconds",
            "The time of the last final block",
            self.chain_at.clone(),
        );
        all.register_with_unit(
            "clock_skew",
            "How far the chain is ahead of the system's clock",
            Unit::Seconds,
            self.clock_skew.clone(),
        );
        all.register(
            "attestation_timestamp_seconds",
            "When the device last gave evidence",
            self.attested_at.clone(),
        );
        all.register(
            "rpc_requests",
            "Requests to this endpoint of chain.urls",
            self.requests.clone(),
        );
        all.register(
            "rpc_errors",
            "Requests that failed, of the same",
            self.faults.clone(),
        );
        all.register(
            "storage_ok",
            "Whether the places that keep content answer",
            self.storage.clone(),
        );
        all.register_with_unit(
            "storage_own",
            "What the node's own folder of content holds",
            Unit::Bytes,
            self.storage_own.clone(),
        );
    }

    pub(super) fn storage(&self, answers: bool, own_bytes: Option<u64>) {
        self.storage.set(answers.into());
        if let Some(bytes) = own_bytes {
            self.storage_own.set(whole(bytes));
        }
    }

    pub(super) fn disk(&self, free_bytes: u64) {
        self.disk_free.set(whole(free_bytes));
    }

    pub(super) fn chain(&self, at: Seconds, now: Seconds) {
        self.chain_at.set(whole(at));
        self.clock_skew.set(whole(at.saturating_sub(now)));
    }

    pub(super) fn attested(&self, at: Seconds) {
        self.attested_at.set(whole(at));
    }

    /// All that were made so far.
    pub(super) fn rpc(&self, place: usize, requests: u64, faults: u64) {
        let rpc = u32::try_from(place).unwrap_or(u32::MAX);
        let endpoint = Endpoint { rpc };
        raise(&self.requests, &endpoint, requests);
        raise(&self.faults, &endpoint, faults);
    }
}

fn raise(counters: &Family<Endpoint, Counter>, endpoint: &Endpoint, to: u64) {
    let counter = counters.get_or_create(endpoint);
    counter.inc_by(to.saturating_sub(counter.get()));
}
