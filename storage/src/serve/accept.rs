//! Taking in a segment: only what its proof and its submission allow.

use super::node::{Node, lock};
use super::rpc::Refusal;
use crate::error::blocking;
use crate::id::{CONTENT_BYTES_MAX, Content, Shape};
use crate::zg::wire::{SegmentWithProof, Tx, unpadded};

/// What may come before its submission is seen: 0G's client sends content of one
/// segment while its transaction is still on the way.
const EARLY_BYTES_MAX: u64 = 4 << 20;

/// Takes a segment of a submission known by its number, or of any content by its root.
pub(super) async fn accept(
    node: &Node,
    segment: SegmentWithProof,
    seq: Option<u64>,
) -> Result<(), Refusal> {
    let content = Content {
        root: segment.root,
        size: segment.file_size,
    };
    let tx = match seq {
        Some(seq) => node.tx_by_seq(seq),
        None => node.tx(segment.root),
    };
    allowed(node, content, tx.as_ref())?;
    if node.folder.has(content.root)?.is_some() {
        return match tx {
            Some(_) => Err(Refusal::invalid("root", "already uploaded and finalized")),
            None => Ok(()),
        };
    }
    write(node, content, segment).await
}

fn allowed(node: &Node, content: Content, tx: Option<&Tx>) -> Result<(), Refusal> {
    if content.size > CONTENT_BYTES_MAX {
        return Err(Refusal::invalid("file_size", "larger than this node keeps"));
    }
    match tx {
        Some(tx) if tx.data_merkle_root != content.root => Err(Refusal::invalid(
            "root",
            "the submission is of another root",
        )),
        Some(tx) if tx.size != content.size => Err(Refusal::invalid(
            "file_size",
            "segment file size not matched with tx file size",
        )),
        None if node.chain.is_some() && content.size > EARLY_BYTES_MAX => Err(Refusal::invalid(
            "file_size",
            "too large to come before its submission is seen",
        )),
        Some(_) | None => Ok(()),
    }
}

async fn write(node: &Node, content: Content, segment: SegmentWithProof) -> Result<(), Refusal> {
    let index = segment.index;
    let shape =
        Shape::of(content.size).ok_or(Refusal::invalid("file_size", "content is never empty"))?;
    let data = unpadded(&segment.data, shape, index)
        .ok_or(Refusal::invalid("data", "the wrong length"))?;
    let proof = segment
        .proof
        .into_proof()
        .ok_or(Refusal::invalid("proof", "too long"))?;
    let root = proof
        .check(content.root, shape, index, &data)
        .map_err(|bad| Refusal::invalid("proof", &bad.to_string()))?;
    let busy = || Refusal::server("too many data writing");
    let partial = node.partial(content).await?.ok_or_else(busy)?;
    let folder = node.folder.clone();
    let whole = blocking(move || {
        let mut partial = lock(&partial);
        if !partial.has(index) {
            partial.write(index, &data, root)?;
            if partial.is_whole() {
                partial.adopt(&folder)?;
            }
        }
        Ok(partial.is_whole())
    })
    .await?;
    if node.chain.is_none() && node.tx(content.root).is_none() {
        node.ledger().count(content);
    }
    if whole {
        node.close(content.root);
    }
    Ok(())
}
