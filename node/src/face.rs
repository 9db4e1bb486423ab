//! Everything that answers from outside: the operator's side from the start on, the door for
//! everybody else once there is evidence.

use crate::api::{Desk, Door, DoorError, Fences, FencesError, Identity, Rates};
use crate::breaker::Gate;
use crate::config::Config;
use crate::crew::Crew;
use crate::heart::Heart;
use crate::keys::TlsKey;
use crate::live::Audience;
use crate::operator::{self, Board, Port, Reload, Socket, SocketError};
use crate::ports::Clock;
use crate::stage::{Stage, Step};
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
    pub audience: Audience,
    pub clock: Arc<dyn Clock>,
    pub reload: Arc<dyn Reload>,
    pub rates: Rates,
}

/// What the operator meets, from the start on.
#[derive(Debug)]
pub struct Face {
    port: Port,
    socket: Socket,
    heart: Heart,
    operator: SocketAddr,
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
    /// Opens the operator's port and socket. Only who holds the journal may: it is the one
    /// node of this folder.
    pub async fn open(config: &Config, parts: &Parts) -> Result<Self, FaceError> {
        let board = board(parts);
        let port = open_port(config, board.clone()).await?;
        let operator = port.address().map_err(FaceError::Address)?;
        Ok(Self {
            port,
            socket: Socket::open(operator::path(&config.state.folder), board.clone())?,
            heart: Heart::new(board, config),
            operator,
        })
    }

    /// Serves until the end, which is the conductor's.
    pub fn join(self, crew: &mut Crew, stop: &Stop, end: &CancellationToken) {
        let operator = self.operator;
        info!(code = "N-OPER-003", %operator, "the operator is answered");
        let (port, socket) = (self.port.serve(end.clone()), self.socket.serve(end.clone()));
        crew.spawn("operator port", quietly(port, stop));
        crew.spawn("operator socket", quietly(socket, stop));
        crew.spawn("heart", quietly(self.heart.beat(end.clone()), stop));
    }
}

/// Opens the door for brokers, customers and verifiers, with the key that the evidence names,
/// and serves it until the end: who waits for a task is answered while tasks are finished.
pub async fn open_door(
    config: &Config,
    parts: &Parts,
    tls: &TlsKey,
    (crew, stop): (&mut Crew, &Stop),
) -> Result<SocketAddr, FaceError> {
    let identity = Identity::attested(tls).map_err(DoorError::Identity)?;
    let health = HealthReporter::new();
    let desk = desk(config, parts, health.clone())?;
    let limits = config.api.limits.clone();
    let door = Door::open(config.api.listen, &identity, desk, limits).await?;
    let address = door.address().map_err(FaceError::Address)?;
    info!(code = "N-API-001", %address, tls_key = %identity.spki(), "customers are answered");
    let audience = &parts.audience;
    let end = audience.end.clone();
    crew.spawn("api", quietly(door.serve(end.clone()), stop));
    let health = tell_health(audience.gate.clone(), audience.stage.clone(), health, end);
    crew.spawn("health", quietly(health, stop));
    Ok(address)
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
    let audience = &parts.audience;
    Board {
        mailbox: audience.mailbox.clone(),
        feed: audience.feed.clone(),
        gate: audience.gate.clone(),
        attestor: Arc::new(audience.front.clone()),
        storefront: Arc::new(audience.front.clone()),
        clock: parts.clock.clone(),
        reload: parts.reload.clone(),
        started: parts.clock.now(),
        stage: audience.stage.clone(),
        earnings: audience.earnings.clone(),
    }
}

async fn open_port(config: &Config, board: Board) -> Result<Port, FaceError> {
    let address = config.operator.listen;
    let port = Port::open(address, board).await;
    port.map_err(|source| FaceError::Port { address, source })
}

fn desk(config: &Config, parts: &Parts, health: HealthReporter) -> Result<Desk, FencesError> {
    let audience = &parts.audience;
    Ok(Desk {
        mailbox: audience.mailbox.clone(),
        feed: audience.feed.clone(),
        gate: audience.gate.clone(),
        stage: audience.stage.clone(),
        intake: Arc::new(audience.front.clone()),
        attestor: Arc::new(audience.front.clone()),
        storefront: Arc::new(audience.front.clone()),
        clock: parts.clock.clone(),
        fences: Fences::open(config.state.folder.join("fences.json"))?,
        callers: config.api.callers.clone(),
        rates: parts.rates.clone(),
        health,
        started: parts.clock.now(),
    })
}

/// The gRPC health service says whether orders are taken.
async fn tell_health(
    gate: Gate,
    stage: Stage,
    health: HealthReporter,
    end: CancellationToken,
) -> Result<(), Infallible> {
    let (mut changes, mut steps) = (gate.changes(), stage.steps());
    loop {
        let status = if gate.admits().is_ok() && stage.step() == Step::Working {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        health.set_service_status("sealtune.v1.Node", status).await;
        tokio::select! {
            () = end.cancelled() => return Ok(()),
            Ok(()) = changes.changed() => {}
            Ok(()) = steps.changed() => {}
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}
