//! The listening socket: so many connections in all and from each neighbourhood, so many calls a
//! second, and then the services.
//!
//! What is said here is signed where it matters. Who wants it unread on the way puts a proxy that
//! speaks TLS before this port; the broker itself speaks HTTP/2 in the clear.

mod buckets;
mod line;
mod seats;

use crate::clock::Clock;
use crate::service::BrokerService;
use crate::stop::Stop;
use buckets::Buckets;
use futures_util::stream;
use line::{Line, Peer};
use proto::CallError;
use proto::grpc::broker_server::BrokerServer;
use proto::grpc::status;
use seats::Seats;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::{Request, Status};
use tracing::{debug, info, warn};

/// After this long without a sound a connection is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_mins(1);
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(20);
/// More only costs memory for each watcher; a message goes in pieces of this size.
const STREAM_WINDOW_BYTES: u32 = 64 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
const HEADERS_BYTES_MAX: u32 = 8 << 10;
/// A burst is what so many seconds allow.
const BURST_SECS: u64 = 4;
/// How long a failing `accept` pauses: it fails when files run out, and those come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoorLimits {
    pub connections: usize,
    /// Of one IPv4 address, or one IPv6 network of 64 bits.
    pub connections_per_peer: usize,
    /// Of one such neighbourhood.
    pub calls_per_sec: u64,
    pub streams_per_connection: u32,
}

#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    limits: DoorLimits,
    rates: Rates,
}

/// How often each neighbourhood may call.
#[derive(Clone, Debug)]
struct Rates {
    buckets: Arc<Mutex<Buckets<IpAddr>>>,
    clock: Arc<dyn Clock>,
}

impl Door {
    pub async fn open(
        address: SocketAddr,
        limits: DoorLimits,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let burst = limits.calls_per_sec.saturating_mul(BURST_SECS);
        let burst = u32::try_from(burst).unwrap_or(u32::MAX);
        let buckets = Buckets::new(limits.calls_per_sec.saturating_mul(1_000), burst);
        let rates = Rates {
            buckets: Arc::new(Mutex::new(buckets)),
            clock,
        };
        Ok(Self {
            listener: TcpListener::bind(address).await?,
            limits,
            rates,
        })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Lets callers in until the drain; those inside may finish until the end.
    pub async fn serve(self, service: BrokerService, stop: Stop) -> Result<(), Infallible> {
        let seats = Seats::new(self.limits.connections, self.limits.connections_per_peer);
        let rates = self.rates;
        let admit = move |request: Request<()>| rates.admit(request);
        let service = BrokerServer::with_interceptor(service, admit);
        let lines = stream::unfold((self.listener, seats), accept);
        let served = Server::builder()
            .http2_keepalive_interval(Some(KEEP_ALIVE))
            .http2_keepalive_timeout(Some(KEEP_ALIVE_ANSWER))
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .http2_max_header_list_size(HEADERS_BYTES_MAX)
            .max_concurrent_streams(self.limits.streams_per_connection)
            .tcp_nodelay(true)
            .add_service(service)
            .serve_with_incoming_shutdown(lines, stop.draining());
        tokio::select! {
            () = stop.at_once() => info!(code = "B-DOOR-001", "callers are left"),
            served = served => if let Err(error) = served {
                warn!(code = "B-DOOR-002", %error, "the door ended");
            }
        }
        Ok(())
    }
}

/// The next caller there is a seat for.
async fn accept(
    (listener, seats): (TcpListener, Seats),
) -> Option<(io::Result<Line>, (TcpListener, Seats))> {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                if let Some(seat) = seats.take(neighbourhood(address)) {
                    drop(stream.set_nodelay(true));
                    return Some((Ok(Line::new(stream, address, seat)), (listener, seats)));
                }
                debug!(code = "B-DOOR-003", %address, "too many connections");
            }
            Err(error) => {
                warn!(code = "B-DOOR-004", %error, "no connection can be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

impl Rates {
    #[allow(clippy::result_large_err, reason = "the interceptor's own form")]
    fn admit(&self, request: Request<()>) -> Result<Request<()>, Status> {
        let Some(Peer(address)) = request.extensions().get::<Peer>().copied() else {
            return Ok(request);
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.take(neighbourhood(address), self.clock.now()) {
            return Ok(request);
        }
        Err(status(CallError::RateLimited, ""))
    }
}

/// Whoever has one IPv6 address has 2^64 of them: they count as one.
fn neighbourhood(address: SocketAddr) -> IpAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(network.into())
        }
    }
}
