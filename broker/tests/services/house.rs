//! A broker without a network: its services called as they are, over books in a file.

use crate::customer::{CHAIN_ID, CONTRACT};
use broker::books::Books;
use broker::clock::Clock;
use broker::desk::{Desk, Limits};
use broker::dispatch::{Dispatcher, Patience};
use broker::feed::Feed;
use broker::fleet::Fleet;
use broker::judge::{Disbelieved, Judges};
use broker::market::Market;
use broker::peers::Peers;
use broker::relay::{Quotas, Relay};
use broker::service::BrokerService;
use broker::session::{Reception, Settings};
use broker::stop::Stop;
use broker::store::{Opened, SqlStore};
use proto::attestation::{BootBundle, Evidence};
use proto::broker::Judgement;
use proto::grpc::broker_client::BrokerClient;
use proto::grpc::broker_server::BrokerServer;
use proto::{ChallengeNonce, Digest, Seconds, Text, Tier};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

pub(crate) use crate::node::Client;

/// The first second of every test.
pub(crate) const BEGIN: Seconds = 1_800_000_000;
/// How long a node may be silent; longer than what else runs out in these tests.
pub(crate) const SILENCE: u32 = 10_000;
pub(crate) const DEADLINE: Seconds = BEGIN + 100_000;

#[derive(Debug)]
pub(crate) struct Turned(AtomicU64);

impl Turned {
    pub(crate) fn turn(&self, secs: Seconds) {
        self.0.fetch_add(secs, Ordering::SeqCst);
    }
}

impl Clock for Turned {
    fn now(&self) -> Seconds {
        self.0.load(Ordering::SeqCst)
    }
}

/// Believes whom it is told to.
#[derive(Debug, Default)]
pub(crate) struct Believing {
    pub(crate) doubts: AtomicBool,
}

impl Believing {
    fn judge(&self, now: Seconds) -> Result<Judgement, Disbelieved> {
        if self.doubts.load(Ordering::SeqCst) {
            return Err(Disbelieved::Unbound);
        }
        Ok(Judgement {
            tier: Tier::Cpu,
            trust_domain: Text::fitted("amd"),
            policy: Digest([5; 32]),
            judged_at: now,
            good_until: now + 3_600,
        })
    }
}

impl Judges for Believing {
    fn boot(&self, _bundle: &BootBundle, now: Seconds) -> Result<Judgement, Disbelieved> {
        self.judge(now)
    }

    fn challenge(
        &self,
        _evidence: &Evidence,
        _bundle: &BootBundle,
        _nonce: ChallengeNonce,
        now: Seconds,
    ) -> Result<Judgement, Disbelieved> {
        self.judge(now)
    }
}

/// How long things take in this house.
#[derive(Clone, Copy)]
pub(crate) struct Ways {
    pub(crate) settings: Settings,
    pub(crate) patience: Patience,
}

impl Default for Ways {
    fn default() -> Self {
        let settings = Settings {
            heartbeat_secs: 1,
            silence_secs_max: SILENCE,
            ..Settings::default()
        };
        Self {
            settings,
            patience: Patience::default(),
        }
    }
}

pub(crate) struct House {
    pub(crate) books: Books,
    pub(crate) service: BrokerService,
    pub(crate) believing: Arc<Believing>,
    pub(crate) clock: Arc<Turned>,
    pub(crate) stop: Stop,
    dispatcher: Mutex<Dispatcher>,
    work: JoinHandle<()>,
    folder: Option<TempDir>,
}

impl House {
    pub(crate) async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let address = format!("sqlite:{}?mode=rwc", folder.path().join("books").display());
        let blobs = folder.path().join("blobs");
        let clock = Arc::new(Turned(AtomicU64::new(BEGIN)));
        let mut house = Self::at(&address, blobs, clock, Ways::default()).await;
        house.folder = Some(folder);
        house
    }

    /// A broker over books that others may use too.
    #[allow(clippy::disallowed_methods, reason = "a test has no crew")]
    pub(crate) async fn at(address: &str, blobs: PathBuf, clock: Arc<Turned>, ways: Ways) -> Self {
        let Opened { store, work } = SqlStore::open(address).await.unwrap();
        let work = tokio::spawn(work.run());
        let books = Books {
            store: Arc::new(store),
            feed: Feed::default(),
            clock: clock.clone(),
        };
        let Ways { settings, patience } = ways;
        let fleet = Fleet::new(books.clone(), settings.silence_secs_max.into());
        let (peers, stop) = (Peers::default(), Stop::default());
        let believing = Arc::new(Believing::default());
        let market = Market {
            chain_id: CHAIN_ID,
            contract: CONTRACT,
        };
        let quotas = Quotas {
            blob_bytes_max: 1 << 20,
            customer_bytes_max: 1 << 20,
            ..Quotas::default()
        };
        let desk = Desk {
            books: books.clone(),
            fleet: fleet.clone(),
            peers: peers.clone(),
            relay: Relay::open(&blobs, books.clone(), market, quotas).unwrap(),
            market,
            limits: Limits {
                customer_orders_max: 4,
            },
            stop: stop.clone(),
        };
        let reception = Reception {
            books: books.clone(),
            fleet: fleet.clone(),
            peers: peers.clone(),
            judge: believing.clone(),
            settings,
            patience,
            stop: stop.clone(),
        };
        let dispatcher = Dispatcher::new(books.clone(), fleet, peers, patience);
        Self {
            service: BrokerService { desk, reception },
            books,
            believing,
            clock,
            stop,
            dispatcher: Mutex::new(dispatcher),
            work,
            folder: None,
        }
    }

    pub(crate) fn client(&self) -> Client {
        BrokerClient::new(BrokerServer::new(self.service.clone()))
    }

    pub(crate) fn now(&self) -> Seconds {
        self.clock.now()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, secs: Seconds) {
        self.clock.turn(secs);
    }

    /// One look of the dispatcher, as it takes every second.
    pub(crate) async fn round(&self) -> usize {
        self.dispatcher.lock().await.round().await.unwrap()
    }

    /// As if by SIGKILL: nothing is finished, and the database sees its connections end.
    pub(crate) async fn kill(&self) {
        self.work.abort();
        while !self.work.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

pub(crate) fn turned(at: Seconds) -> Arc<Turned> {
    Arc::new(Turned(AtomicU64::new(at)))
}

/// Waits for a condition, and not for a time.
pub(crate) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_mins(1), async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain until {what}");
}
