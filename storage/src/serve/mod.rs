//! A small storage node and indexer over a local folder, speaking 0G's protocol.
//!
//! With a chain it takes what the flow contract was paid for; without one it takes
//! everything, for development and as an operator's own replica. Beside 0G's
//! JSON-RPC and REST gateway it serves the folder as `/content/<root>`.

mod accept;
mod chain;
mod files;
mod folder;
mod ledger;
mod node;
mod rest;
mod rpc;

pub use chain::{Chain, Watching};
pub use node::{Config, Node};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::sync::Arc;

/// Ten segments in base64, which is what 0G's client sends at once, and their proofs.
const REQUEST_BYTES_MAX: usize = 8 << 20;

/// Everything the node answers.
pub fn router(node: Arc<Node>) -> Router {
    Router::new()
        .route("/", post(call))
        .route("/content/{name}", get(files::content))
        .route("/file", get(rest::file))
        .route("/file/info/{cid}", get(rest::file_info))
        .route("/file/{cid}/{*path}", get(rest::file_below))
        .route("/file/segment", post(rest::segment))
        .route("/files/info", get(rest::files_info))
        .route("/node/status", get(rest::status))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(node)
}

async fn call(State(node): State<Arc<Node>>, body: Bytes) -> Response {
    let answer = rpc::answer(&node, &body).await;
    ([(CONTENT_TYPE, "application/json")], answer).into_response()
}
