//! One URL and how it has behaved.

use super::budget::{Bucket, Budget};
use super::fault::Fault;
use reqwest::Url;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const REST_FIRST: Duration = Duration::from_millis(500);
const REST_MOST: Duration = Duration::from_mins(1);
/// A URL may be pointed elsewhere without ever failing.
const CHAIN_WORD_LASTS: Duration = Duration::from_mins(1);

/// A URL's health, for operators. The URL is shown without path and query: they hold API keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlHealth {
    pub url: String,
    pub usable: bool,
    pub requests: u64,
    pub faults: u64,
    pub last_fault: Option<Fault>,
}

pub(crate) struct Endpoint {
    pub(crate) url: Url,
    record: Mutex<Record>,
}

struct Record {
    bucket: Bucket,
    requests: u64,
    faults: u64,
    faults_in_a_row: u32,
    rests_until: Option<Instant>,
    last_fault: Option<Fault>,
    /// When the URL last said, since it last misbehaved, that it is on our chain.
    chain_known_at: Option<Instant>,
    /// Whether it knows `eth_getBlockReceipts`, as far as tried.
    receipts: bool,
}

impl Endpoint {
    pub(crate) fn new(url: Url, budget: Budget) -> Self {
        let record = Record {
            bucket: Bucket::new(budget, Instant::now()),
            requests: 0,
            faults: 0,
            faults_in_a_row: 0,
            rests_until: None,
            last_fault: None,
            chain_known_at: None,
            receipts: true,
        };
        let record = Mutex::new(record);
        Self { url, record }
    }

    pub(crate) fn shown(&self) -> String {
        let host = self.url.host_str().unwrap_or("?");
        match self.url.port_or_known_default() {
            Some(port) => format!("{}://{host}:{port}", self.url.scheme()),
            None => format!("{}://{host}", self.url.scheme()),
        }
    }

    pub(crate) fn health(&self) -> UrlHealth {
        let record = self.record();
        UrlHealth {
            url: self.shown(),
            usable: record
                .rests_until
                .is_none_or(|until| until <= Instant::now()),
            requests: record.requests,
            faults: record.faults,
            last_fault: record.last_fault.clone(),
        }
    }

    /// When the URL may be asked again after a fault; now, if it is well.
    pub(crate) fn rests_until(&self, now: Instant) -> Instant {
        self.record()
            .rests_until
            .map_or(now, |until| until.max(now))
    }

    /// Takes a request out of the budget; says from when on it may be made.
    pub(crate) fn spend(&self) -> Instant {
        let mut record = self.record();
        record.requests += 1;
        record.bucket.take(Instant::now())
    }

    pub(crate) fn behaved(&self) {
        let mut record = self.record();
        record.faults_in_a_row = 0;
        record.rests_until = None;
    }

    pub(crate) fn failed(&self, fault: &Fault) {
        let mut record = self.record();
        record.last_fault = Some(fault.clone());
        if !fault.blames_the_url() {
            return;
        }
        let rest = REST_FIRST * (1 << record.faults_in_a_row.min(10));
        record.faults += 1;
        record.faults_in_a_row += 1;
        record.rests_until = Some(Instant::now() + rest.min(REST_MOST));
        // Behind one URL another machine may answer next time.
        record.chain_known_at = None;
    }

    pub(crate) fn chain_known(&self) -> bool {
        let known_at = self.record().chain_known_at;
        known_at.is_some_and(|at| at.elapsed() < CHAIN_WORD_LASTS)
    }

    pub(crate) fn know_chain(&self) {
        self.record().chain_known_at = Some(Instant::now());
    }

    pub(crate) fn has_receipts(&self) -> bool {
        self.record().receipts
    }

    pub(crate) fn lacks_receipts(&self) {
        self.record().receipts = false;
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
