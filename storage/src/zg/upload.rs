//! Uploading to 0G: submitted and paid once, sent segment by segment, waited for.
//!
//! ```text
//! known to the nodes? ──▶ on chain? ──▶ submit ──▶ seen by the nodes ──▶ send ──▶ finalized
//!        └────────────────────┴──────────────────────────┘
//! ```
//! Every step can be entered again: what a node has is not sent, what is on chain is not paid.

use super::choose::{cover, segments_of};
use super::network::ZeroG;
use super::node::{Node, with_proof};
use super::submit::{Submission, SubmitError, Submitted, Submitter};
use super::wire::FileInfo;
use crate::error::StoreError;
use crate::id::Tree;
use crate::progress::Progress;
use crate::store::{Receipt, Upload};
use futures_util::{FutureExt, StreamExt, TryStreamExt, future, stream};
use proto::{U256, Wei};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tracing::{debug, info};

/// How often a node is asked whether it has come further.
const POLL: Duration = Duration::from_millis(500);

pub(super) async fn put(
    network: &ZeroG,
    upload: &Upload,
    progress: &dyn Progress,
) -> Result<Receipt, StoreError> {
    let content = upload.content();
    let groups =
        cover(&network.known().await?, network.replicas).ok_or(StoreError::ShardsMissing)?;
    let nodes: Vec<Node> = groups.iter().flatten().map(|at| network.node(at)).collect();
    let infos =
        future::try_join_all(nodes.iter().map(|node| node.info(content.root).boxed())).await?;
    // A root does not fix the size; a submission of another size is another's.
    let known = infos
        .iter()
        .flatten()
        .filter(|info| info.tx.size == content.size);
    let (finalized, tx_seq) = (
        known.clone().filter(|info| info.finalized).count(),
        known.map(|info| info.tx.seq).next(),
    );
    if finalized == nodes.len() {
        progress.begin(content.size, content.size);
        return Ok(Receipt {
            content,
            already: true,
            moved_bytes: 0,
            tx_seq,
        });
    }
    let job = Job {
        network,
        upload,
        tree: upload.outline().tree(),
        progress,
        moved: AtomicU64::new(0),
    };
    let tx_seq = match tx_seq {
        Some(seq) => Some(seq),
        None => job.submission(&nodes).await?,
    };
    progress.begin(
        content
            .size
            .saturating_mul(u64::try_from(groups.len()).unwrap_or(1)),
        0,
    );
    future::try_join_all(nodes.iter().map(|node| job.deliver(node, tx_seq).boxed())).await?;
    Ok(Receipt {
        content,
        already: false,
        moved_bytes: job.moved.load(Ordering::Relaxed),
        tx_seq,
    })
}

struct Job<'a> {
    network: &'a ZeroG,
    upload: &'a Upload,
    tree: Tree,
    progress: &'a dyn Progress,
    moved: AtomicU64,
}

impl Job<'_> {
    /// The sequence number of the submission; `None` where the nodes have no chain.
    async fn submission(&self, nodes: &[Node]) -> Result<Option<u64>, StoreError> {
        let root = self.upload.content().root;
        let status = nodes
            .first()
            .ok_or(StoreError::ShardsMissing)?
            .status()
            .await?;
        if status.network_identity.chain_id == 0 {
            return Ok(None);
        }
        let payer = self
            .network
            .submitter
            .as_deref()
            .ok_or(StoreError::NoSubmitter { root })?;
        let submitted = self
            .submit_once(payer)
            .await
            .map_err(|source| StoreError::Submit { root, source })?;
        Ok(Some(submitted.tx_seq))
    }

    /// Looks on chain first, and again where a send's outcome is unknown; never sends twice.
    async fn submit_once(&self, submitter: &dyn Submitter) -> Result<Submitted, SubmitError> {
        let content = self.upload.content();
        if let Some(submitted) = submitter.lookup(content).await? {
            info!(root = %content.root, tx_seq = submitted.tx_seq, "already submitted, nothing is paid");
            return Ok(submitted);
        }
        let last = self
            .upload
            .last_segment()
            .await
            .map_err(|error| SubmitError::Refused(Box::new(error)))?;
        let submission = Submission::of(self.upload.outline(), &last);
        let max = self.network.fee_max;
        let fee = submission
            .fee(submitter.price_per_sector().await?)
            .unwrap_or(Wei(U256::MAX));
        if fee > max {
            return Err(SubmitError::TooDear { fee, max });
        }
        match submitter.submit(&submission, fee).await {
            Err(unknown @ SubmitError::Unknown(_)) => self.look_again(submitter, unknown).await,
            sent => sent,
        }
    }

    async fn look_again(
        &self,
        submitter: &dyn Submitter,
        unknown: SubmitError,
    ) -> Result<Submitted, SubmitError> {
        let pace = self.network.pace;
        for number in 1..=pace.tries {
            tokio::time::sleep(pace.pause_before(number)).await;
            if let Ok(Some(submitted)) = submitter.lookup(self.upload.content()).await {
                return Ok(submitted);
            }
        }
        Err(unknown)
    }

    /// Brings one node to the point where it has finished the content.
    async fn deliver(&self, node: &Node, tx_seq: Option<u64>) -> Result<(), StoreError> {
        let before = match tx_seq {
            Some(seq) => Some(
                self.wait(node, "see the submission", |_| true, Some(seq))
                    .await?,
            ),
            None => node.info(self.upload.content().root).await?,
        };
        if before.as_ref().is_some_and(|info| info.finalized) {
            return Ok(());
        }
        let start_entry = before.as_ref().map_or(0, |info| info.tx.start_entry_index);
        let segments = self.upload.outline().shape().segments();
        let all: Vec<u64> = segments_of(node.shard, start_entry, segments).collect();
        let (likely_there, to_send) = all.split_at(self.resume_at(before.as_ref(), all.len()));
        self.progress.moved(self.bytes(likely_there));
        let refused = self.send_all(node, tx_seq, to_send).await?;
        if !likely_there.is_empty() && !self.is_final(node, tx_seq).await? {
            // Another uploader's order: what the count stood for was not what we thought.
            self.send_all(node, tx_seq, likely_there).await?;
        }
        match self
            .wait(node, "finish the content", |info| info.finalized, tx_seq)
            .await
        {
            Err(late @ StoreError::Patience { .. }) => Err(refused.unwrap_or(late)),
            done => done.map(drop),
        }
    }

    /// A node tells how many segments it has, not which. Sent in order, at most a
    /// window at once, all but that many of the first are there.
    fn resume_at(&self, before: Option<&FileInfo>, segments: usize) -> usize {
        let there = before.map_or(0, |info| info.uploaded_seg_num);
        let there = usize::try_from(there).unwrap_or(usize::MAX).min(segments);
        there.saturating_sub(self.network.pace.parallel)
    }

    fn bytes(&self, segments: &[u64]) -> u64 {
        let shape = self.upload.outline().shape();
        segments
            .iter()
            .map(|index| u64::try_from(shape.segment_len(*index)).unwrap_or(0))
            .sum()
    }

    async fn is_final(&self, node: &Node, tx_seq: Option<u64>) -> Result<bool, StoreError> {
        Ok(self
            .look(node, tx_seq)
            .await?
            .is_some_and(|info| info.finalized))
    }

    async fn look(&self, node: &Node, tx_seq: Option<u64>) -> Result<Option<FileInfo>, StoreError> {
        match tx_seq {
            Some(seq) => node.info_by_seq(seq).await,
            None => node.info(self.upload.content().root).await,
        }
    }

    /// Sends segments in order, a few at once. Gives a refusal, if there was one: the
    /// node may have had the segment, which only its final state tells.
    async fn send_all(
        &self,
        node: &Node,
        tx_seq: Option<u64>,
        segments: &[u64],
    ) -> Result<Option<StoreError>, StoreError> {
        stream::iter(segments.to_vec())
            .map(|index| self.send(node, tx_seq, index).boxed())
            .buffered(self.network.pace.parallel.max(1))
            .try_fold(None, |refused, now| future::ready(Ok(now.or(refused))))
            .await
    }

    async fn send(
        &self,
        node: &Node,
        tx_seq: Option<u64>,
        index: u64,
    ) -> Result<Option<StoreError>, StoreError> {
        let content = self.upload.content();
        let data = self.upload.segment(index).await?;
        let bytes = u64::try_from(data.len()).unwrap_or(0);
        let proof = self
            .tree
            .proof(index)
            .ok_or(StoreError::Missing(content.root))?;
        let segment = with_proof(content, index, data, proof);
        for number in 1..=self.network.pace.tries {
            match node.send(segment.clone(), tx_seq).await {
                Ok(()) => {
                    self.moved.fetch_add(bytes, Ordering::Relaxed);
                    self.progress.moved(bytes);
                    return Ok(None);
                }
                Err(refused @ StoreError::Refused { .. }) => return Ok(Some(refused)),
                Err(error) if error.transient() && number < self.network.pace.tries => {
                    debug!(node = node.rpc.url(), index, %error, "segment will be sent again");
                    self.progress.wasted(bytes);
                    tokio::time::sleep(self.network.pace.pause_before(number)).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    async fn wait(
        &self,
        node: &Node,
        what: &'static str,
        done: impl Fn(&FileInfo) -> bool,
        tx_seq: Option<u64>,
    ) -> Result<FileInfo, StoreError> {
        let reached = async {
            loop {
                // A node that cannot be reached now may be before patience ends.
                if let Ok(Some(info)) = self.look(node, tx_seq).await
                    && done(&info)
                {
                    return info;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let patience = self.network.patience;
        tokio::time::timeout(patience, reached)
            .await
            .map_err(|_elapsed| StoreError::Patience {
                place: node.rpc.url().to_owned(),
                what,
                secs: patience.as_secs(),
            })
    }
}
