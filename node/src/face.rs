//! Everything that answers from outside, opened together and joined by the crew.

use crate::api::{
    Attestor, Desk, Door, DoorError, Fences, FencesError, Identity, Intake, Storefront,
};
use crate::breaker::Gate;
use crate::conductor::Mailbox;
use crate::config::Config;
use crate::crew::Crew;
use crate::feed::Feed;
use crate::heart::Heart;
use crate::operator::{self, Board, Port, Reload, Socket, SocketError};
use crate::ports::Clock;
use crate::stop::Stop;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tracing::info;

/// What the face shows and whom it asks.
#[derive(Clone)]
pub struct Parts {
    pub mailbox: Mailbox,
    pub feed: Feed,
    pub gate: Gate,
    pub clock: Arc<dyn Clock>,
    pub intake: Arc<dyn Intake>,
    pub attestor: Arc<dyn Attestor>,
    pub storefront: Arc<dyn Storefront>,
    pub reload: Arc<dyn Reload>,
}

#[derive(Debug)]
pub struct Face {
    /// Absent where nobody but the operator is answered.
    door: Option<Door>,
    port: Port,
    socket: Socket,
    heart: Heart,
    gate: Gate,
    health: HealthReporter,
    addresses: Addresses,
}

/// Where the node is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    pub api: Option<SocketAddr>,
    pub operator: SocketAddr,
}

#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error("cannot listen on {address} (operator.listen)")]
    Port {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error(transparent)]
    Fences(#[from] FencesError),
    #[error("cannot say where the node listens")]
    Address(#[source] io::Error),
}

impl Face {
    /// Opens every door. The TLS key is the one the evidence names; without one only the
    /// operator is answered.
    pub async fn open(
        config: &Config,
        parts: Parts,
        identity: Option<&Identity>,
    ) -> Result<Self, FaceError> {
        let board = board(&parts);
        let health = HealthReporter::new();
        let port = open_port(config, board.clone()).await?;
        let socket = Socket::open(operator::path(&config.state.folder), board.clone())?;
        let door = match identity {
            Some(identity) => Some(open_door(config, &parts, health.clone(), identity).await?),
            None => None,
        };
        let addresses = Addresses {
            api: door
                .as_ref()
                .map(Door::address)
                .transpose()
                .map_err(FaceError::Address)?,
            operator: port.address().map_err(FaceError::Address)?,
        };
        Ok(Self {
            door,
            port,
            socket,
            heart: Heart::new(board, config),
            gate: parts.gate,
            health,
            addresses,
        })
    }

    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Serves until the end, which is the conductor's: who waits for a task is answered
    /// while tasks are finished.
    pub fn join(self, crew: &mut Crew, stop: &Stop, end: &CancellationToken) {
        let Addresses { api, operator } = self.addresses;
        info!(code = "N-API-001", ?api, %operator, "listening");
        if let Some(door) = self.door {
            crew.spawn("api", quietly(door.serve(end.clone()), stop));
        }
        crew.spawn("operator port", quietly(self.port.serve(end.clone()), stop));
        crew.spawn(
            "operator socket",
            quietly(self.socket.serve(end.clone()), stop),
        );
        crew.spawn("heart", quietly(self.heart.beat(end.clone()), stop));
        let health = tell_health(self.gate, self.health, end.clone());
        crew.spawn("health", quietly(health, stop));
    }
}

/// When the conductor ends by itself, that is the news, and not that others ended after it.
pub fn quietly<W: Future<Output = Result<(), Infallible>>>(
    work: W,
    stop: &Stop,
) -> impl Future<Output = Result<(), Infallible>> + use<W> {
    let stop = stop.clone();
    async move {
        work.await?;
        stop.draining().await;
        Ok(())
    }
}

fn board(parts: &Parts) -> Board {
    Board {
        mailbox: parts.mailbox.clone(),
        feed: parts.feed.clone(),
        gate: parts.gate.clone(),
        attestor: parts.attestor.clone(),
        storefront: parts.storefront.clone(),
        clock: parts.clock.clone(),
        reload: parts.reload.clone(),
        started: parts.clock.now(),
    }
}

async fn open_port(config: &Config, board: Board) -> Result<Port, FaceError> {
    let address = config.operator.listen;
    let port = Port::open(address, board).await;
    port.map_err(|source| FaceError::Port { address, source })
}

async fn open_door(
    config: &Config,
    parts: &Parts,
    health: HealthReporter,
    identity: &Identity,
) -> Result<Door, FaceError> {
    let desk = Desk {
        mailbox: parts.mailbox.clone(),
        feed: parts.feed.clone(),
        gate: parts.gate.clone(),
        intake: parts.intake.clone(),
        attestor: parts.attestor.clone(),
        storefront: parts.storefront.clone(),
        clock: parts.clock.clone(),
        fences: Fences::open(config.state.folder.join("fences.json"))?,
        callers: config.api.callers.clone(),
        health,
        started: parts.clock.now(),
    };
    let limits = config.api.limits.clone();
    Ok(Door::open(config.api.listen, identity, desk, limits).await?)
}

/// The gRPC health service says what the gate says.
async fn tell_health(
    gate: Gate,
    health: HealthReporter,
    end: CancellationToken,
) -> Result<(), Infallible> {
    let mut changes = gate.changes();
    loop {
        let status = if gate.admits().is_ok() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        health.set_service_status("sealtune.v1.Node", status).await;
        tokio::select! {
            () = end.cancelled() => return Ok(()),
            Ok(()) = changes.changed() => {}
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}
