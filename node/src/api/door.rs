//! The listening socket, and the life of each connection.

use super::router::Router;
use super::streams::{Seat, Seats};
use super::tls::{Identity, IdentityError, key_of};
use super::{Desk, Limits, Peer};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// After this long without a sound a connection is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_mins(1);
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(20);

/// What one stream, and one connection, may have in flight. The largest message of the
/// protocol is sent in pieces of this size; more only costs memory for each watcher.
const STREAM_WINDOW_BYTES: u32 = 64 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 256 << 10;
const SEND_BUFFER_BYTES: usize = 64 << 10;
const HEADERS_BYTES_MAX: u32 = 8 << 10;

/// How long a failing `accept` pauses: it fails when files run out, and those come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    host: Arc<Host>,
    seats: Seats,
}

struct Host {
    tls: TlsAcceptor,
    router: Router,
    limits: Limits,
}

#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    #[error("cannot listen on {address} (api.listen)")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("the services' descriptions cannot be read")]
    Reflection(#[source] tonic_reflection::server::Error),
}

impl Door {
    pub async fn open(
        address: SocketAddr,
        identity: &Identity,
        desk: Desk,
        limits: Limits,
    ) -> Result<Self, DoorError> {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| DoorError::Listen { address, source })?;
        let tls = TlsAcceptor::from(Arc::new(identity.server()?));
        let seats = Seats::new(limits.connections, limits.connections_per_peer);
        let router = Router::new(desk, &limits).map_err(DoorError::Reflection)?;
        let host = Arc::new(Host {
            tls,
            router,
            limits,
        });
        Ok(Self {
            listener,
            host,
            seats,
        })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Lets callers in until the end; then those inside are dropped.
    #[allow(
        clippy::disallowed_methods,
        reason = "connections are joined here: they end with the set"
    )]
    pub async fn serve(self, end: CancellationToken) -> Result<(), Infallible> {
        let mut inside = JoinSet::new();
        loop {
            tokio::select! {
                () = end.cancelled() => return Ok(()),
                Some(_left) = inside.join_next() => {}
                came = self.listener.accept() => match came {
                    Ok((stream, address)) => {
                        if let Some((seat, host)) = self.seat(address) {
                            inside.spawn(host.welcome(stream, address, seat));
                        }
                    }
                    Err(error) => {
                        warn!(code = "N-API-002", %error, "no connection can be taken");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
    }

    fn seat(&self, address: SocketAddr) -> Option<(Seat, Arc<Host>)> {
        let peer = Peer { address, key: None };
        let seat = self.seats.take(peer);
        if seat.is_none() {
            debug!(code = "N-API-003", %address, "too many connections");
        }
        Some((seat?, self.host.clone()))
    }
}

impl Host {
    async fn welcome(self: Arc<Self>, stream: TcpStream, address: SocketAddr, _seat: Seat) {
        let handshake = tokio::time::timeout(self.limits.handshake, self.tls.accept(stream));
        match handshake.await {
            Ok(Ok(stream)) => self.attend(stream, address).await,
            Ok(Err(error)) => debug!(code = "N-API-004", %address, %error, "no handshake"),
            Err(_elapsed) => debug!(code = "N-API-004", %address, "the handshake took too long"),
        }
    }

    async fn attend(self: Arc<Self>, stream: TlsStream<TcpStream>, address: SocketAddr) {
        let shown = stream.get_ref().1.peer_certificates();
        let key = shown.and_then(|chain| key_of(chain.first()?));
        let peer = Peer { address, key };
        let streams = u32::try_from(self.limits.streams_per_peer).unwrap_or(u32::MAX);
        let service = service_fn(move |request| {
            let host = self.clone();
            async move { Ok::<_, Infallible>(host.router.route(peer, request).await) }
        });
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE_ANSWER)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_send_buf_size(SEND_BUFFER_BYTES)
            .max_header_list_size(HEADERS_BYTES_MAX)
            .max_concurrent_streams(streams)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = Box::pin(connection).await {
            debug!(code = "N-API-005", %address, %error, "connection ended");
        }
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}
