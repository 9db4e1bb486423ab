//! The JSON-RPC methods of a storage node and of an indexer (facts E.5, E.6).

use super::accept::accept;
use super::node::Node;
use crate::error::StoreError;
use crate::id::{CHUNK_BYTES, Content, SEGMENT_CHUNKS, Shape};
use crate::zg::wire::{FileInfo, Hex, Nodes, SegmentWithProof, Shard, Tx, encode_base64, padded};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::debug;

/// Why a call has no result, in JSON-RPC's words.
#[derive(Debug, Serialize)]
pub(super) struct Refusal {
    code: i64,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
}

impl Refusal {
    pub(super) fn invalid(what: &str, why: &str) -> Self {
        Self {
            code: -32602,
            message: format!("Invalid params: {what}"),
            data: Some(why.to_owned()),
        }
    }

    pub(super) fn server(what: &str) -> Self {
        Self {
            code: -32000,
            message: what.to_owned(),
            data: None,
        }
    }

    pub(super) fn text(&self) -> String {
        self.data.as_ref().map_or_else(
            || self.message.clone(),
            |data| format!("{}; {data}", self.message),
        )
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::server(&error.to_string())
    }
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    id: Value,
    method: String,
    #[serde(default)]
    params: Value,
}

/// The answer to one request, as JSON.
pub(super) async fn answer(node: &Node, body: &[u8]) -> Vec<u8> {
    let (id, outcome) = match serde_json::from_slice::<Request>(body) {
        Ok(request) => (
            request.id,
            method(node, &request.method, request.params).await,
        ),
        Err(error) => {
            let message = format!("Parse error: {error}");
            (
                Value::Null,
                Err(Refusal {
                    code: -32700,
                    message,
                    data: None,
                }),
            )
        }
    };
    let answer = match outcome {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
    };
    answer.to_string().into_bytes()
}

async fn method(node: &Node, method: &str, given: Value) -> Result<Value, Refusal> {
    debug!(method, "call");
    match method {
        "zgs_getStatus" => to_json(node.status()),
        "zgs_getShardConfig" => to_json(Shard::WHOLE),
        "zgs_getFileInfo" => file_info(node, params(given)?).await,
        "zgs_getFileInfoByTxSeq" => info(node, node.tx_by_seq(one(given)?))
            .await
            .and_then(to_json),
        "zgs_checkFileFinalized" => finalized(node, one(given)?).await,
        "zgs_uploadSegment" => upload(node, vec![one(given)?], None).await,
        "zgs_uploadSegments" => upload(node, one(given)?, None).await,
        "zgs_uploadSegmentByTxSeq" => {
            let (segment, seq) = params(given)?;
            upload(node, vec![segment], Some(seq)).await
        }
        "zgs_uploadSegmentsByTxSeq" => {
            let (segments, seq) = params(given)?;
            upload(node, segments, Some(seq)).await
        }
        "zgs_downloadSegment" => {
            let (Hex(root), start, end) = params(given)?;
            chunks(node, node.tx(root), start, end)
        }
        "zgs_downloadSegmentByTxSeq" => {
            let (seq, start, end) = params(given)?;
            chunks(node, node.tx_by_seq(seq), start, end)
        }
        "zgs_downloadSegmentWithProof" => {
            let (Hex(root), index) = params(given)?;
            segment(node, node.tx(root), index).await
        }
        "zgs_downloadSegmentWithProofByTxSeq" => {
            let (seq, index) = params(given)?;
            segment(node, node.tx_by_seq(seq), index).await
        }
        // The proof is of the whole flow, every byte of everybody's; a replica has its own.
        "zgs_getSectorProof" => Err(Refusal::server("this node keeps no tree of the flow")),
        "indexer_getShardedNodes" | "indexer_getSelectedNodes" => to_json(Nodes {
            trusted: vec![node.location()],
            discovered: Vec::new(),
        }),
        "indexer_getNodeLocations" => Ok(json!({})),
        "indexer_getFileLocations" => locations(node, one(given)?),
        unknown => {
            let message = format!(
                "Method not found: {}",
                unknown.chars().take(80).collect::<String>()
            );
            Err(Refusal {
                code: -32601,
                message,
                data: None,
            })
        }
    }
}

fn params<T: DeserializeOwned>(given: Value) -> Result<T, Refusal> {
    serde_json::from_value(given).map_err(|error| Refusal::invalid("params", &error.to_string()))
}

fn one<T: DeserializeOwned>(given: Value) -> Result<T, Refusal> {
    params::<(T,)>(given).map(|(one,)| one)
}

fn to_json(value: impl Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(|error| Refusal::server(&error.to_string()))
}

pub(super) async fn info(node: &Node, tx: Option<Tx>) -> Result<Option<FileInfo>, Refusal> {
    match tx {
        Some(tx) => Ok(Some(node.info(tx).await?)),
        None => Ok(None),
    }
}

/// The second parameter asks for a submission that was not pruned; nothing here ever is.
async fn file_info(node: &Node, (Hex(root), _available): (Hex, bool)) -> Result<Value, Refusal> {
    to_json(info(node, node.tx(root)).await?)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SeqOrRoot {
    Seq(u64),
    Root(Hex),
}

async fn finalized(node: &Node, which: SeqOrRoot) -> Result<Value, Refusal> {
    let tx = match which {
        SeqOrRoot::Seq(seq) => node.tx_by_seq(seq),
        SeqOrRoot::Root(Hex(root)) => node.tx(root),
    };
    to_json(info(node, tx).await?.map(|info| info.finalized))
}

async fn upload(
    node: &Node,
    segments: Vec<SegmentWithProof>,
    seq: Option<u64>,
) -> Result<Value, Refusal> {
    for segment in segments {
        accept(node, segment, seq).await?;
    }
    Ok(json!(0))
}

/// Where the bytes of a submission are, if they are.
fn here(node: &Node, tx: Option<Tx>) -> Result<Option<(Content, Shape)>, Refusal> {
    let Some(tx) = tx else { return Ok(None) };
    let content = node.folder.has(tx.data_merkle_root)?;
    Ok(content.and_then(|content| Some((content, Shape::of(content.size)?))))
}

/// Chunks `start..end` in base64, the last filled with zeros.
fn chunks(node: &Node, tx: Option<Tx>, start: u64, end: u64) -> Result<Value, Refusal> {
    let Some((content, shape)) = here(node, tx)? else {
        return Ok(Value::Null);
    };
    if start >= end || end - start > SEGMENT_CHUNKS || end > shape.chunks() {
        return Err(Refusal::invalid("end_index", "invalid chunk index"));
    }
    let from = start * CHUNK_BYTES;
    let len = content.size.min(end * CHUNK_BYTES) - from;
    let len = usize::try_from(len).map_err(|_large| Refusal::invalid("end_index", "too far"))?;
    let data = node.folder.read_at(content.root, from, len)?;
    Ok(Value::String(encode_base64(&padded(data))))
}

async fn segment(node: &Node, tx: Option<Tx>, index: u64) -> Result<Value, Refusal> {
    let Some((content, shape)) = here(node, tx)? else {
        return Ok(Value::Null);
    };
    let bytes = shape
        .segment_bytes(index)
        .ok_or(Refusal::invalid("index", "index out of bound"))?;
    let folder = node.folder.clone();
    let (data, proof) = crate::error::blocking(move || {
        let data = folder.read_at(content.root, bytes.start, shape.segment_len(index))?;
        let proof = folder.outline(content.root)?.tree().proof(index);
        Ok((data, proof.ok_or(StoreError::Missing(content.root))?))
    })
    .await?;
    to_json(SegmentWithProof {
        root: content.root,
        data: padded(data),
        index,
        proof: proof.into(),
        file_size: content.size,
    })
}

fn locations(node: &Node, Hex(root): Hex) -> Result<Value, Refusal> {
    let here = node.folder.has(root)?.is_some() && node.tx(root).is_some();
    to_json(if here {
        vec![node.location()]
    } else {
        Vec::new()
    })
}
