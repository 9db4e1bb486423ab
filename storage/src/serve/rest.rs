//! The indexer's REST gateway (facts E.6). Answers stand in its envelope `{code, message, data}`.

use super::accept::accept;
use super::node::Node;
use super::rpc::{Refusal, info};
use crate::zg::wire::{FileInfo, Hex, SegmentWithProof, Tx, WireProof, decode_base64};
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_TYPE, RANGE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use proto::Root;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use url::form_urlencoded;

/// Roots or numbers one question may name.
const CIDS_MAX: usize = 100;

pub(super) async fn file(
    State(node): State<Arc<Node>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let mut wanted = None;
    let mut name = None;
    for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*key {
            "root" => wanted = tx(&node, &value),
            "txSeq" => wanted = value.parse().ok().and_then(|seq| node.tx_by_seq(seq)),
            "name" => name = Some(plain(&value)),
            _ => {}
        }
    }
    let Some(tx) = wanted else {
        return failure("file not found");
    };
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok());
    super::files::file(
        &node,
        tx.data_merkle_root,
        range,
        Some(name.as_deref().unwrap_or(&tx.data_merkle_root.to_string())),
    )
}

/// `GET /file/{cid}/{path}`: one file of a folder.
pub(super) async fn file_below(
    State(node): State<Arc<Node>>,
    Path((cid, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(tx) = tx(&node, &cid) else {
        return failure("file not found");
    };
    if !matches!(node.folder.has(tx.data_merkle_root), Ok(Some(_))) {
        return failure("file not found");
    }
    let name = plain(path.rsplit('/').next().unwrap_or_default());
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok());
    match super::folder::look_up(&node, tx.data_merkle_root, path).await {
        Ok(Some(piece)) => super::files::piece(&node, piece, range, Some(&name)),
        Ok(None) => failure("no such file in this folder"),
        Err(error) => failure(&Refusal::from(error).text()),
    }
}

/// A file name that cannot leave its header or its folder.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric() || "._- ".contains(*c))
        .take(128)
        .collect()
}

pub(super) async fn file_info(State(node): State<Arc<Node>>, Path(cid): Path<String>) -> Response {
    match info(&node, tx(&node, &cid)).await {
        Ok(Some(info)) => success(&info),
        Ok(None) => failure("file not found"),
        Err(refused) => failure(&refused.text()),
    }
}

pub(super) async fn files_info(
    State(node): State<Arc<Node>>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let cids = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == "cid");
    let mut infos: Vec<Option<FileInfo>> = Vec::new();
    for (_, cid) in cids.take(CIDS_MAX) {
        match info(&node, tx(&node, &cid)).await {
            Ok(info) => infos.push(info),
            Err(refused) => return failure(&refused.text()),
        }
    }
    success(&infos)
}

pub(super) async fn status(State(node): State<Arc<Node>>) -> Response {
    success(&node.status())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SegmentUpload {
    root: Option<Hex>,
    tx_seq: Option<u64>,
    data: String,
    index: u64,
    proof: WireProof,
}

pub(super) async fn segment(State(node): State<Arc<Node>>, body: Bytes) -> Response {
    match take_segment(&node, &body).await {
        Ok(()) => success(&"Succeeded to upload segment"),
        Err(refused) => failure(&refused.text()),
    }
}

async fn take_segment(node: &Node, body: &[u8]) -> Result<(), Refusal> {
    let given: SegmentUpload = serde_json::from_slice(body)
        .map_err(|error| Refusal::invalid("body", &error.to_string()))?;
    let tx = match (given.tx_seq, given.root) {
        (Some(seq), _) => node.tx_by_seq(seq),
        (None, Some(Hex(root))) => node.tx(root),
        (None, None) => None,
    };
    let tx = tx.ok_or(Refusal::invalid("root", "file not found"))?;
    let data = decode_base64(&given.data).ok_or(Refusal::invalid("data", "not base64"))?;
    let segment = SegmentWithProof {
        root: tx.data_merkle_root,
        data,
        index: given.index,
        proof: given.proof,
        file_size: tx.size,
    };
    accept(node, segment, Some(tx.seq)).await
}

/// A submission by what the gateway calls a cid: a root or a number.
fn tx(node: &Node, cid: &str) -> Option<Tx> {
    match cid.parse::<Root>() {
        Ok(root) => node.tx(root),
        Err(_) => cid.parse().ok().and_then(|seq| node.tx_by_seq(seq)),
    }
}

fn success(data: &impl Serialize) -> Response {
    envelope(
        StatusCode::OK,
        &json!({"code": 0, "message": "Success", "data": data}),
    )
}

fn failure(message: &str) -> Response {
    envelope(
        StatusCode::NOT_FOUND,
        &json!({"code": 101, "message": message, "data": null}),
    )
}

fn envelope(status: StatusCode, body: &Value) -> Response {
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}
