//! The operator's port: is it there, does it work, how much; and the public ledger as text.
//!
//! | path | answers |
//! |---|---|
//! | `/livez` | 200 while the process answers |
//! | `/readyz` | 200 while the books answer and the broker does not drain, else 503 |
//! | `/metrics` | Prometheus text |
//! | `/ledger` | the ledger from its first line, closed by a signed head |

use crate::books::Books;
use crate::fleet::Fleet;
use crate::ledger::{Head, HeadKey, Links};
use crate::peers::Peers;
use crate::stop::Stop;
use crate::store::{Store, StoreError};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Lines of the ledger read at once.
const PAGE: u32 = 1_000;

/// What the operator is shown.
#[derive(Clone, Debug)]
pub struct Board {
    pub books: Books,
    pub fleet: Fleet,
    pub peers: Peers,
    pub key: Arc<HeadKey>,
    pub stop: Stop,
}

#[derive(Debug)]
pub struct Port {
    listener: TcpListener,
    board: Board,
}

impl Port {
    pub async fn open(address: SocketAddr, board: Board) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self { listener, board })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// To the end: who waits for the drain asks how far it is.
    pub async fn serve(self, end: CancellationToken) -> Result<(), Infallible> {
        let routes = routes(self.board);
        let serving = async move { axum::serve(self.listener, routes).await };
        tokio::select! {
            () = end.cancelled() => {}
            ended = serving => if let Err(error) = ended {
                warn!(code = "B-OPERATOR-001", %error, "the operator's port ended");
            }
        }
        Ok(())
    }
}

fn routes(board: Board) -> Router {
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/ledger", get(ledger))
        .with_state(board)
}

#[allow(clippy::unused_async, reason = "the form of a handler")]
async fn live() -> &'static str {
    "ok\n"
}

async fn ready(State(board): State<Board>) -> Response {
    if board.stop.is_draining() {
        return unavailable("draining\n");
    }
    match board.books.store.links().await {
        Ok(_links) => "ready\n".into_response(),
        Err(error) => {
            warn!(code = "B-OPERATOR-002", %error, "the books do not answer");
            unavailable("the books do not answer\n")
        }
    }
}

async fn metrics(State(board): State<Board>) -> Response {
    let nodes = board.fleet.nodes().await;
    let links = board.books.store.links().await;
    let (Ok(nodes), Ok(links)) = (nodes, links) else {
        return unavailable("the books do not answer\n");
    };
    let room: u64 = nodes
        .iter()
        .map(|node| u64::from(node.offer.queue_free))
        .sum();
    let figures = [
        (
            "sessions",
            "Nodes whose sessions are here.",
            amount(board.peers.count()),
        ),
        (
            "nodes",
            "Nodes that may be given orders, at all brokers.",
            amount(nodes.len()),
        ),
        ("room", "Orders that those nodes would queue.", room),
        (
            "ledger_entries",
            "Entries of the public ledger.",
            links.count,
        ),
        (
            "draining",
            "1 while nothing new is taken.",
            u64::from(board.stop.is_draining()),
        ),
    ];
    let text: String = figures.iter().map(|figure| gauge(*figure)).collect();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

fn gauge((name, help, value): (&str, &str, u64)) -> String {
    let name = format!("sealtune_broker_{name}");
    format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n")
}

/// In pages, so that it may be as long as it likes.
async fn ledger(State(board): State<Board>) -> Response {
    let end = match board.books.store.links().await {
        Ok(end) => end,
        Err(_books) => return unavailable("the books do not answer\n"),
    };
    let lines = stream::try_unfold((board, Some(0), end), page);
    let text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (text, Body::from_stream(lines)).into_response()
}

type Reading = (Board, Option<u64>, Links);

async fn page((board, after, end): Reading) -> Result<Option<(Bytes, Reading)>, StoreError> {
    let Some(after) = after else { return Ok(None) };
    if after >= end.count {
        let at = board.books.now();
        let head = board.key.sign(Head { links: end, at });
        let head = serde_json::to_string(&head).map_err(|_json| StoreError::Unreadable("head"))?;
        let line = Bytes::from(format!("head {head}\n"));
        return Ok(Some((line, (board, None, end))));
    }
    let left = end.count.saturating_sub(after);
    let count = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
    let lines = lines(&*board.books.store, after, count).await?;
    let next = after.saturating_add(count.into());
    Ok(Some((lines, (board, Some(next), end))))
}

async fn lines(store: &dyn Store, after: u64, count: u32) -> Result<Bytes, StoreError> {
    let links = store.ledger(after, count).await?;
    let ended = links
        .iter()
        .flat_map(|link| [link.to_string(), "\n".to_owned()]);
    Ok(ended.collect::<String>().into())
}

fn amount(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn unavailable(why: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
}
