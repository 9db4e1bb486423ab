//! HTTP/1 on whatever a connection is made of.

use super::Board;
use super::routes::{Side, answer, words};
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tracing::debug;

/// One more is closed at once: operators and scrapers are few.
const CONNECTIONS_MAX: usize = 64;
/// A header must be there by then; so long may an idle connection stay.
const HEADER_WAIT: Duration = Duration::from_secs(30);
const ANSWER_WAIT: Duration = Duration::from_secs(30);
const HEADERS_BYTES_MAX: usize = 8 << 10;

/// Answers on connections of one side.
#[derive(Clone, Debug)]
pub(super) struct Server {
    board: Board,
    side: Side,
    room: Arc<Semaphore>,
}

impl Server {
    pub(super) fn new(board: Board, side: Side) -> Self {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { board, side, room }
    }

    pub(super) async fn attend(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        let Ok(_room) = self.room.clone().try_acquire_owned() else {
            return;
        };
        let (board, side) = (&self.board, self.side);
        let service = service_fn(move |request: Request<Incoming>| async move {
            let (request, _body) = request.into_parts();
            let answer = tokio::time::timeout(ANSWER_WAIT, answer(board, side, request)).await;
            let late = |_elapsed| words(StatusCode::GATEWAY_TIMEOUT, "the answer took too long");
            Ok::<_, Infallible>(answer.unwrap_or_else(late))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_WAIT)
            .max_buf_size(HEADERS_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = Box::pin(connection).await {
            debug!(code = "N-OPER-001", %error, "connection ended");
        }
    }
}
