//! From a path to its answer.

use super::Board;
use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;

pub(super) type Answer = Response<Full<Bytes>>;

/// What Prometheus calls the text it reads.
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The boot bundle as files for other people's tools.
const ARCHIVE: &str = "/v1/attestation.tar";
const JOURNAL_ROWS: u64 = 100;

/// Who asks decides what may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Anybody who reaches the port.
    Looker,
    /// Whoever can open the socket.
    Operator,
}

pub(super) async fn answer(board: &Board, side: Side, request: http::request::Parts) -> Answer {
    let (path, method) = (request.uri.path(), &request.method);
    match (side, path) {
        (_, "/livez" | "/healthz" | "/readyz" | "/metrics" | "/v1/attestation" | ARCHIVE) => {
            if method == Method::GET || method == Method::HEAD {
                look(board, path).await
            } else {
                words(StatusCode::METHOD_NOT_ALLOWED, "only GET")
            }
        }
        (Side::Operator, _) => operate(board, method, path, request.uri.query()).await,
        (Side::Looker, _) => words(StatusCode::NOT_FOUND, "no such page"),
    }
}

async fn look(board: &Board, path: &str) -> Answer {
    match path {
        "/readyz" => {
            let ready = board.ready().await;
            json(
                if ready.ready {
                    StatusCode::OK
                } else {
                    StatusCode::SERVICE_UNAVAILABLE
                },
                &ready,
            )
        }
        "/metrics" => board.metrics().await.map_or_else(stopping, metrics),
        "/v1/attestation" => found(board.attested()),
        ARCHIVE => board.archive().map_or_else(missing, archive),
        _ => alive(board.is_alive().await),
    }
}

fn alive(is_alive: bool) -> Answer {
    if is_alive {
        words(StatusCode::OK, "ok")
    } else {
        words(
            StatusCode::SERVICE_UNAVAILABLE,
            "the conductor does not answer",
        )
    }
}

async fn operate(board: &Board, method: &Method, path: &str, query: Option<&str>) -> Answer {
    match (method.as_str(), path) {
        ("GET", "/v1/status") => board
            .status()
            .await
            .map_or_else(stopping, |status| ok(&status)),
        ("GET", "/v1/jobs") => {
            let jobs = board.jobs(query == Some("all")).await;
            jobs.map_or_else(stopping, |jobs| ok(&jobs))
        }
        ("GET", "/v1/earnings") => ok(&board.earned()),
        ("GET", "/v1/journal") => journal(board, query).await,
        ("GET", "/v1/keys") => found(board.keys()),
        ("POST", "/v1/drain") => act(board, |board| board.gate.drain(true)).await,
        ("POST", "/v1/undrain") => act(board, |board| board.gate.drain(false)).await,
        ("POST", "/v1/breaker/reset") => act(board, |board| board.gate.reset()).await,
        ("POST", "/v1/reload") => match board.reload.reload().await {
            Ok(reloaded) => ok(&reloaded),
            Err(why) => words(StatusCode::UNPROCESSABLE_ENTITY, &why),
        },
        _ => words(StatusCode::NOT_FOUND, "no such thing to ask for or to do"),
    }
}

async fn act(board: &Board, act: impl FnOnce(&Board)) -> Answer {
    act(board);
    board
        .status()
        .await
        .map_or_else(stopping, |status| ok(&status))
}

async fn journal(board: &Board, query: Option<&str>) -> Answer {
    let last = query.and_then(|query| query.strip_prefix("last="));
    let last = last.map_or(Ok(JOURNAL_ROWS), str::parse);
    let Ok(last) = last else {
        return words(StatusCode::BAD_REQUEST, "last= wants a number");
    };
    match board.journal(last).await {
        Ok(Ok(journal)) => ok(&journal),
        Ok(Err(why)) => words(StatusCode::INTERNAL_SERVER_ERROR, &why),
        Err(gone) => stopping(gone),
    }
}

fn found<T: Serialize>(thing: Option<T>) -> Answer {
    thing.map_or_else(missing, |thing| ok(&thing))
}

fn missing() -> Answer {
    words(StatusCode::SERVICE_UNAVAILABLE, "there is no evidence yet")
}

fn archive(bytes: Vec<u8>) -> Answer {
    reply(StatusCode::OK, "application/x-tar", bytes.into())
}

fn stopping<E>(_gone: E) -> Answer {
    words(StatusCode::SERVICE_UNAVAILABLE, "the node is stopping")
}

fn metrics(text: String) -> Answer {
    reply(StatusCode::OK, METRICS, text.into())
}

fn ok<T: Serialize>(thing: &T) -> Answer {
    json(StatusCode::OK, thing)
}

fn json<T: Serialize>(status: StatusCode, thing: &T) -> Answer {
    let body = serde_json::to_vec(thing).expect("answers have text keys");
    reply(status, "application/json", body.into())
}

pub(super) fn words(status: StatusCode, words: &str) -> Answer {
    let body = format!("{words}\n");
    reply(status, "text/plain; charset=utf-8", body.into())
}

fn reply(status: StatusCode, kind: &'static str, body: Bytes) -> Answer {
    let reply = Response::builder().status(status);
    reply
        .header(header::CONTENT_TYPE, kind)
        .header(header::CACHE_CONTROL, "no-store")
        .body(Full::new(body))
        .expect("a fixed header is valid")
}
