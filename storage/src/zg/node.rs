//! One storage node.

use super::rpc::Rpc;
use super::wire::{FileInfo, Hex, SegmentWithProof, Shard, Status, padded, unpadded};
use crate::error::StoreError;
use crate::id::{BadProof, Content, Proof, Shape};
use crate::store::{Replica, Segment};
use async_trait::async_trait;
use bytes::Bytes;
use proto::Root;

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) rpc: Rpc,
    pub(super) shard: Shard,
}

impl Node {
    pub(super) async fn status(&self) -> Result<Status, StoreError> {
        self.rpc.call("zgs_getStatus", ()).await
    }

    /// What the node knows of a root; the entry that has the bytes, where one has.
    pub(super) async fn info(&self, root: Root) -> Result<Option<FileInfo>, StoreError> {
        match self.rpc.call("zgs_getFileInfo", (Hex(root), true)).await? {
            Some(info) => Ok(Some(info)),
            None => self.rpc.call("zgs_getFileInfo", (Hex(root), false)).await,
        }
    }

    pub(super) async fn info_by_seq(&self, tx_seq: u64) -> Result<Option<FileInfo>, StoreError> {
        self.rpc.call("zgs_getFileInfoByTxSeq", (tx_seq,)).await
    }

    pub(super) async fn send(
        &self,
        segment: SegmentWithProof,
        tx_seq: Option<u64>,
    ) -> Result<(), StoreError> {
        let _nothing: serde_json::Value = match tx_seq {
            Some(seq) => {
                self.rpc
                    .call("zgs_uploadSegmentsByTxSeq", ([segment], seq))
                    .await?
            }
            None => self.rpc.call("zgs_uploadSegments", ([segment],)).await?,
        };
        Ok(())
    }
}

pub(super) fn with_proof(
    content: Content,
    index: u64,
    data: Bytes,
    proof: Proof,
) -> SegmentWithProof {
    SegmentWithProof {
        root: content.root,
        data: padded(data),
        index,
        proof: proof.into(),
        file_size: content.size,
    }
}

/// A copy of content, or a shard of one, on a node.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub(super) node: Node,
    pub(super) tx_seq: u64,
    /// The content's first segment in the flow, from which shards count.
    pub(super) flow_segment: u64,
}

#[async_trait]
impl Replica for Copy {
    fn name(&self) -> &str {
        self.node.rpc.url()
    }

    fn holds(&self, index: u64) -> bool {
        self.node
            .shard
            .holds(self.flow_segment.saturating_add(index))
    }

    fn proves(&self) -> bool {
        true
    }

    async fn outline(&self, _content: Content) -> Result<Option<Bytes>, StoreError> {
        Ok(None)
    }

    async fn segment(&self, content: Content, index: u64) -> Result<Segment, StoreError> {
        let asked = self
            .node
            .rpc
            .call("zgs_downloadSegmentWithProofByTxSeq", (self.tx_seq, index));
        let given: SegmentWithProof = asked
            .await
            .and_then(|answer: Option<_>| answer.ok_or(StoreError::Missing(content.root)))?;
        let bad = |source| StoreError::BadSegment {
            place: self.name().to_owned(),
            source,
        };
        if (given.root, given.index, given.file_size) != (content.root, index, content.size) {
            return Err(bad(BadProof::Index(given.index)));
        }
        let shape = Shape::of(content.size).ok_or(StoreError::Missing(content.root))?;
        let data = unpadded(&given.data, shape, index)
            .ok_or_else(|| bad(BadProof::Length(given.data.len())))?;
        let proof = given
            .proof
            .into_proof()
            .ok_or_else(|| bad(BadProof::Path))?;
        Ok(Segment {
            data,
            proof: Some(proof),
        })
    }
}
