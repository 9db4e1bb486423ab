//! From a configuration to a broker that serves.

use crate::books::Books;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError};
use crate::crew::Crew;
use crate::desk::Desk;
use crate::dispatch::Dispatcher;
use crate::door::Door;
use crate::feed::Feed;
use crate::fleet::Fleet;
use crate::gossip::Gossip;
use crate::judge::Judge;
use crate::ledger::HeadKey;
use crate::operator::{Board, Port};
use crate::peers::Peers;
use crate::relay::Relay;
use crate::service::BrokerService;
use crate::session::Reception;
use crate::stop::Stop;
use crate::store::{Opened, SqlStore, StoreError};
use attestation::{BadPolicy, BadRoot, Policy, TrustRoots};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use std::convert::Infallible;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::info;
use zeroize::Zeroizing;

/// Between two looks for blobs that nobody fetched in time.
const SWEEP: Duration = Duration::from_mins(10);

/// Where the broker is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    pub api: SocketAddr,
    pub operator: SocketAddr,
}

#[derive(Debug, thiserror::Error)]
pub enum BootError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the books cannot be opened")]
    Books(#[from] StoreError),
    #[error("cannot read {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the policy {path} is none")]
    Policy {
        path: PathBuf,
        #[source]
        source: BadPolicy,
    },
    #[error("the development root cannot be used")]
    Root(#[from] BadRoot),
    #[error("{path} is no certificate in PEM")]
    Pem { path: PathBuf },
    #[error("the ledger's key {path} cannot be used: {why}")]
    Key { path: PathBuf, why: &'static str },
    #[error("the relay's folder cannot be made")]
    Relay(#[source] io::Error),
    #[error("cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
}

/// Opens everything, in the order in which one needs the other, and lets the crew run it.
pub async fn begin(config: &Config, crew: &mut Crew, stop: &Stop) -> Result<Addresses, BootError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let judge = judge(config)?;
    let key = Arc::new(head_key(&config.ledger.key)?);
    let address = config.books.address()?;
    let Opened { store, work } = SqlStore::open(&address).await?;
    let books = Books {
        store: Arc::new(store),
        feed: Feed::default(),
        clock: clock.clone(),
    };
    let settings = config.settings();
    let fleet = Fleet::new(books.clone(), settings.silence_secs_max.into());
    let peers = Peers::default();
    let market = config.market();
    let relay = Relay::open(&config.relay.folder, books.clone(), market, config.quotas());
    let relay = relay.map_err(BootError::Relay)?;
    let service = BrokerService {
        desk: Desk {
            books: books.clone(),
            fleet: fleet.clone(),
            peers: peers.clone(),
            relay: relay.clone(),
            market,
            limits: config.limits(),
            stop: stop.clone(),
        },
        reception: Reception {
            books: books.clone(),
            fleet: fleet.clone(),
            peers: peers.clone(),
            judge: Arc::new(judge),
            settings,
            patience: config.patience(),
            stop: stop.clone(),
        },
    };
    let board = Board {
        books: books.clone(),
        fleet: fleet.clone(),
        peers: peers.clone(),
        key,
        stop: stop.clone(),
    };
    let listening = |address| move |source| BootError::Listen { address, source };
    let door = Door::open(config.api.listen, config.door(), clock).await;
    let door = door.map_err(listening(config.api.listen))?;
    let port = Port::open(config.operator.listen, board).await;
    let port = port.map_err(listening(config.operator.listen))?;
    let addresses = Addresses {
        api: door.address().map_err(listening(config.api.listen))?,
        operator: port.address().map_err(listening(config.operator.listen))?,
    };
    let dispatcher = Dispatcher::new(books.clone(), fleet, peers.clone(), config.patience());
    let gossip = Gossip {
        address,
        books,
        peers,
    };
    let end = CancellationToken::new();
    crew.spawn("books", until_the_end(work.run(), end.clone()));
    crew.spawn("dispatcher", dispatcher.run(stop.clone()));
    crew.spawn("gossip", gossip.run(stop.clone()));
    crew.spawn("relay", sweep(relay, stop.clone()));
    crew.spawn("operator", port.serve(end.clone()));
    crew.spawn("api", attend(door, service, stop.clone(), end));
    info!(code = "B-BOOT-001", api = %addresses.api, operator = %addresses.operator, "listening");
    Ok(addresses)
}

/// The end is when the last caller has gone, or is left.
async fn attend(
    door: Door,
    service: BrokerService,
    stop: Stop,
    end: CancellationToken,
) -> Result<(), Infallible> {
    door.serve(service, stop).await?;
    end.cancel();
    Ok(())
}

/// The books are written for as long as anybody may have something to write.
async fn until_the_end(
    work: impl Future<Output = ()>,
    end: CancellationToken,
) -> Result<(), Infallible> {
    tokio::select! {
        () = end.cancelled() => {}
        () = work => {}
    }
    Ok(())
}

async fn sweep(relay: Relay, stop: Stop) -> Result<(), Infallible> {
    loop {
        let dropped = relay.sweep().await;
        if dropped > 0 {
            info!(
                code = "B-BOOT-002",
                dropped, "blobs that nobody fetched in time"
            );
        }
        tokio::select! {
            () = stop.draining() => return Ok(()),
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

/// What nodes are judged by; read also by who only checks a configuration.
pub fn judge(config: &Config) -> Result<Judge, BootError> {
    let path = &config.nodes.policy;
    let text = read(path)?;
    let text = String::from_utf8_lossy(&text);
    let policy = Policy::from_toml(&text).map_err(|source| BootError::Policy {
        path: path.clone(),
        source,
    })?;
    let roots = match &config.nodes.development_root {
        Some(path) => TrustRoots::only([der(path)?.as_slice()])?,
        None => TrustRoots::vendors(),
    };
    Ok(Judge::new(policy, roots, config.nodes.judgement_secs))
}

/// One certificate in PEM, as the simulator writes its root.
fn der(path: &Path) -> Result<Vec<u8>, BootError> {
    let text = read(path)?;
    let text = String::from_utf8_lossy(&text);
    let body = text
        .split_once("-----BEGIN CERTIFICATE-----")
        .and_then(|(_, rest)| rest.split_once("-----END CERTIFICATE-----"));
    let body = body.map(|(body, _)| body.split_ascii_whitespace().collect::<String>());
    let der = body.and_then(|body| STANDARD.decode(body).ok());
    der.ok_or_else(|| BootError::Pem { path: path.into() })
}

fn read(path: &Path) -> Result<Vec<u8>, BootError> {
    std::fs::read(path).map_err(|source| BootError::Read {
        path: path.into(),
        source,
    })
}

/// Made at the first start; nobody else may read it.
fn head_key(path: &Path) -> Result<HeadKey, BootError> {
    let unusable = |why| BootError::Key {
        path: path.into(),
        why,
    };
    if !path.exists() {
        make_key(path).map_err(|source| BootError::Read {
            path: path.into(),
            source,
        })?;
    }
    let shown = std::fs::metadata(path).map_err(|source| BootError::Read {
        path: path.into(),
        source,
    })?;
    if shown.permissions().mode() & 0o077 != 0 {
        return Err(unusable("others may read it"));
    }
    let seed = Zeroizing::new(read(path)?);
    let seed: &[u8; 32] = seed
        .as_slice()
        .try_into()
        .map_err(|_length| unusable("it has not 32 bytes"))?;
    HeadKey::new(seed).ok_or_else(|| unusable("it is no key"))
}

fn make_key(path: &Path) -> io::Result<()> {
    let mut seed = Zeroizing::new([0; 32]);
    let filled = SystemRandom::new().fill(&mut *seed);
    filled.map_err(|_unspecified| io::Error::other("the system's random generator failed"))?;
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(&*seed)?;
    file.sync_all()
}
