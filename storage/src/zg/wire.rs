//! 0G's JSON: segments with proofs, file infos, nodes and shards (facts E.5, E.6).

use crate::error::StoreError;
use crate::id::{CHUNK_BYTES, Hash, Proof, Shape};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use proto::Root;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};

/// A proof of the file format's length at most: 2^38 bytes are 2^20 segments.
const PROOF_MAX: usize = 64;

/// 32 bytes as 0G's JSON has them: `0x` and 64 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hex(#[serde(with = "hex_root")] pub Root);

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentWithProof {
    #[serde(with = "hex_root")]
    pub root: Root,
    #[serde(with = "base64_bytes")]
    pub data: Bytes,
    pub index: u64,
    pub proof: WireProof,
    pub file_size: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WireProof {
    pub lemma: Vec<Hex>,
    #[serde(deserialize_with = "null_is_empty")]
    pub path: Vec<bool>,
}

impl From<Proof> for WireProof {
    fn from(proof: Proof) -> Self {
        Self {
            lemma: proof
                .lemma
                .into_iter()
                .map(|node| Hex(Root(node)))
                .collect(),
            path: proof.path,
        }
    }
}

impl WireProof {
    pub(crate) fn into_proof(self) -> Option<Proof> {
        let lemma: Vec<Hash> = self.lemma.into_iter().map(|node| node.0.0).collect();
        (lemma.len() <= PROOF_MAX && self.path.len() <= PROOF_MAX).then_some(Proof {
            lemma,
            path: self.path,
        })
    }
}

/// The bytes a segment carries, without the zeros that fill its last chunk on the wire.
/// `None` where the length is neither, or the filling is not zeros.
pub(crate) fn unpadded(data: &Bytes, shape: Shape, index: u64) -> Option<Bytes> {
    let len = shape.segment_len(index);
    if len == 0 || data.len() < len || data.len() > filled(len) {
        return None;
    }
    data[len..]
        .iter()
        .all(|byte| *byte == 0)
        .then(|| data.slice(..len))
}

/// A segment as it travels: filled with zeros to a whole chunk.
pub(crate) fn padded(data: Bytes) -> Bytes {
    let len = filled(data.len());
    if len == data.len() {
        return data;
    }
    let mut padded = data.to_vec();
    padded.resize(len, 0);
    padded.into()
}

fn filled(len: usize) -> usize {
    len.next_multiple_of(usize::try_from(CHUNK_BYTES).unwrap_or(256))
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileInfo {
    pub tx: Tx,
    pub finalized: bool,
    pub is_cached: bool,
    pub uploaded_seg_num: u64,
    #[serde(default)]
    pub pruned: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tx {
    #[serde(default, skip_deserializing)]
    pub stream_ids: Vec<u64>,
    #[serde(default, skip_deserializing)]
    pub data: Vec<u8>,
    #[serde(with = "hex_root")]
    pub data_merkle_root: Root,
    #[serde(default, skip_deserializing)]
    pub merkle_nodes: Vec<(u32, Hex)>,
    pub start_entry_index: u64,
    pub size: u64,
    pub seq: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    pub(crate) connected_peers: u64,
    pub(crate) log_sync_height: u64,
    #[serde(with = "hex_root")]
    pub(crate) log_sync_block: Root,
    #[serde(default)]
    pub(crate) next_tx_seq: u64,
    pub(crate) network_identity: NetworkIdentity,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NetworkIdentity {
    /// Zero: a node without a chain, which takes content unpaid.
    pub(crate) chain_id: u64,
    pub(crate) flow_address: proto::Address,
    pub(crate) p2p_protocol_version: ProtocolVersion,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ProtocolVersion {
    pub(crate) major: u8,
    pub(crate) minor: u8,
    pub(crate) build: u8,
}

/// A node keeps the segments whose index in the flow is `shard_id` modulo `num_shard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shard {
    pub(crate) shard_id: u64,
    pub(crate) num_shard: u64,
}

impl Shard {
    #[cfg(feature = "serve")]
    pub(crate) const WHOLE: Self = Self {
        shard_id: 0,
        num_shard: 1,
    };

    pub(crate) fn is_sane(self) -> bool {
        self.num_shard.is_power_of_two()
            && self.num_shard <= 1 << 16
            && self.shard_id < self.num_shard
    }

    pub(crate) fn holds(self, flow_index: u64) -> bool {
        flow_index.checked_rem(self.num_shard) == Some(self.shard_id)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NodeAt {
    pub(crate) url: String,
    pub(crate) config: Shard,
    #[serde(default)]
    pub(crate) latency: i64,
    #[serde(default)]
    pub(crate) since: i64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Nodes {
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(crate) trusted: Vec<NodeAt>,
    #[serde(default, deserialize_with = "null_is_empty")]
    pub(crate) discovered: Vec<NodeAt>,
}

/// Go writes an empty list as null.
fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    result: serde_json::Value,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    #[serde(default)]
    message: String,
}

/// Reads a JSON-RPC answer from `place`.
pub fn parse_answer<T: DeserializeOwned>(place: &str, bytes: &[u8]) -> Result<T, StoreError> {
    let malformed = |error: serde_json::Error| StoreError::Malformed {
        place: place.to_owned(),
        what: error.to_string(),
    };
    let answer: Answer = serde_json::from_slice(bytes).map_err(malformed)?;
    if let Some(Refusal { code, message }) = answer.error {
        let message = message
            .chars()
            .filter(|char| !char.is_control())
            .take(300)
            .collect();
        return Err(StoreError::Refused {
            place: place.to_owned(),
            code,
            message,
        });
    }
    serde_json::from_value(answer.result).map_err(malformed)
}

mod hex_root {
    use super::{Deserialize, Deserializer, Root, Serializer};
    use serde::de::Error;
    use std::borrow::Cow;

    pub(super) fn serialize<S: Serializer>(root: &Root, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(root)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Root, D::Error> {
        Cow::<'de, str>::deserialize(from)?
            .parse()
            .map_err(D::Error::custom)
    }
}

mod base64_bytes {
    use super::{Bytes, Deserialize, Deserializer, Engine, STANDARD, Serializer};
    use serde::de::Error;
    use std::borrow::Cow;

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        STANDARD
            .decode(text.as_bytes())
            .map(Bytes::from)
            .map_err(D::Error::custom)
    }
}

#[cfg(feature = "serve")]
pub(crate) fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(feature = "serve")]
pub(crate) fn decode_base64(text: &str) -> Option<Bytes> {
    STANDARD.decode(text).ok().map(Bytes::from)
}
