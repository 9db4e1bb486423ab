//! The operator's port: read-only, on loopback unless the configuration says otherwise.

use super::Board;
use super::routes::Side;
use super::server::Server;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How long a failing `accept` pauses: it fails when files run out, and those come back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct Port {
    listener: TcpListener,
    server: Server,
}

impl Port {
    pub async fn open(address: SocketAddr, board: Board) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let server = Server::new(board, Side::Looker);
        Ok(Self { listener, server })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

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
                    Ok((stream, _)) => drop(inside.spawn(self.server.clone().attend(stream))),
                    Err(error) => {
                        warn!(code = "N-OPER-002", %error, "no connection can be taken");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
    }
}
