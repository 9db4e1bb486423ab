//! 0G Storage as a place that keeps content.

use super::node::{Copy, Node};
use super::rpc::Rpc;
use super::submit::Submitter;
use super::wire::{FileInfo, Hex, NodeAt, Nodes, Shard};
use crate::error::StoreError;
use crate::id::{Content, SEGMENT_CHUNKS};
use crate::progress::Progress;
use crate::store::{Found, Receipt, Store, Upload};
use crate::transfer::Pace;
use async_trait::async_trait;
use futures_util::future;
use proto::{Root, Wei};
use std::sync::Arc;
use std::time::Duration;

/// An indexer has a few hundred nodes; more than this are not asked.
const NODES_MAX: usize = 256;

/// A network of storage nodes, reached by its indexer or by naming the nodes.
#[derive(Clone, Debug)]
pub struct ZeroG {
    entry: Entry,
    rpc: Rpc,
    pub(super) submitter: Option<Arc<dyn Submitter>>,
    pub(super) fee_max: Wei,
    pub(super) replicas: usize,
    pub(super) pace: Pace,
    pub(super) patience: Duration,
}

#[derive(Clone, Debug)]
enum Entry {
    Indexer,
    Nodes(Vec<String>),
}

impl ZeroG {
    /// The network behind an indexer.
    pub fn by_indexer(url: &str, pace: Pace) -> Result<Self, StoreError> {
        Self::new(Entry::Indexer, url, pace)
    }

    /// These nodes and no others.
    pub fn by_nodes(urls: &[String], pace: Pace) -> Result<Self, StoreError> {
        let first = urls.first().ok_or(StoreError::ShardsMissing)?;
        Self::new(Entry::Nodes(urls.to_vec()), first, pace)
    }

    fn new(entry: Entry, url: &str, pace: Pace) -> Result<Self, StoreError> {
        let rpc = Rpc::new(url, pace.segment_timeout)?;
        let patience = Duration::from_mins(10);
        Ok(Self {
            entry,
            rpc,
            submitter: None,
            fee_max: Wei::ZERO,
            replicas: 1,
            pace,
            patience,
        })
    }

    /// Puts may submit to the flow contract and pay up to `fee_max` for one root.
    #[must_use]
    pub fn paying(mut self, submitter: Arc<dyn Submitter>, fee_max: Wei) -> Self {
        self.submitter = Some(submitter);
        self.fee_max = fee_max;
        self
    }

    /// How many whole copies a put makes; one, unless said.
    #[must_use]
    pub fn copies(mut self, replicas: usize) -> Self {
        self.replicas = replicas.max(1);
        self
    }

    /// How long a put waits for nodes to see its submission and to finish its content.
    #[must_use]
    pub fn waiting(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Where the submission numbered `tx_seq` is.
    pub async fn find_by_seq(&self, tx_seq: u64) -> Result<Option<Content>, StoreError> {
        let nodes: Vec<Node> = self.known().await?.iter().map(|at| self.node(at)).collect();
        let asked = future::join_all(nodes.iter().map(|node| node.info_by_seq(tx_seq))).await;
        first_answer(asked).map(|info| info.map(|info| content(&info)))
    }

    /// The nodes an upload may go to.
    pub(super) async fn known(&self) -> Result<Vec<NodeAt>, StoreError> {
        match &self.entry {
            Entry::Indexer => {
                let Nodes {
                    trusted,
                    discovered,
                } = self.rpc.call("indexer_getShardedNodes", ()).await?;
                Ok(trusted
                    .into_iter()
                    .chain(discovered)
                    .take(NODES_MAX)
                    .collect())
            }
            Entry::Nodes(urls) => self.ask_shards(urls).await,
        }
    }

    /// The nodes that are said to have this root.
    async fn holders(&self, root: Root) -> Result<Vec<NodeAt>, StoreError> {
        match &self.entry {
            Entry::Indexer => {
                let nodes: Option<Vec<NodeAt>> = self
                    .rpc
                    .call("indexer_getFileLocations", (Hex(root),))
                    .await?;
                Ok(nodes
                    .unwrap_or_default()
                    .into_iter()
                    .take(NODES_MAX)
                    .collect())
            }
            Entry::Nodes(urls) => self.ask_shards(urls).await,
        }
    }

    async fn ask_shards(&self, urls: &[String]) -> Result<Vec<NodeAt>, StoreError> {
        let ask = |url: &String| {
            let (rpc, url) = (self.rpc.at(url), url.clone());
            async move {
                let config: Shard = rpc.call("zgs_getShardConfig", ()).await?;
                Ok(NodeAt {
                    url,
                    config,
                    latency: 0,
                    since: 0,
                })
            }
        };
        let asked = future::join_all(urls.iter().map(ask)).await;
        at_least_one(asked)
    }

    pub(super) fn node(&self, at: &NodeAt) -> Node {
        Node {
            rpc: self.rpc.at(&at.url),
            shard: at.config,
        }
    }
}

pub(super) fn content(info: &FileInfo) -> Content {
    Content {
        root: info.tx.data_merkle_root,
        size: info.tx.size,
    }
}

/// The answers there are; the last error where there is none.
fn at_least_one<T>(asked: Vec<Result<T, StoreError>>) -> Result<Vec<T>, StoreError> {
    let mut last = None;
    let mut answers = Vec::new();
    for answer in asked {
        match answer {
            Ok(answer) => answers.push(answer),
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) if answers.is_empty() => Err(error),
        Some(_) | None => Ok(answers),
    }
}

fn first_answer(
    asked: Vec<Result<Option<FileInfo>, StoreError>>,
) -> Result<Option<FileInfo>, StoreError> {
    Ok(at_least_one(asked)?.into_iter().flatten().next())
}

#[async_trait]
impl Store for ZeroG {
    fn name(&self) -> &str {
        self.rpc.url()
    }

    async fn find(&self, root: Root) -> Result<Vec<Found>, StoreError> {
        let nodes: Vec<Node> = self
            .holders(root)
            .await?
            .iter()
            .filter(|at| at.config.is_sane())
            .map(|at| self.node(at))
            .collect();
        let asked = future::join_all(
            nodes
                .iter()
                .map(|node| async move { Ok((node, node.info(root).await?)) }),
        )
        .await;
        let found = at_least_one(asked)?.into_iter().filter_map(|(node, info)| {
            let info = info.filter(|info| info.finalized && info.tx.data_merkle_root == root)?;
            let flow_segment = info.tx.start_entry_index / SEGMENT_CHUNKS;
            let replica = Arc::new(Copy {
                node: node.clone(),
                tx_seq: info.tx.seq,
                flow_segment,
            });
            Some(Found {
                content: content(&info),
                replica,
            })
        });
        Ok(found.collect())
    }

    async fn put(&self, upload: &Upload, progress: &dyn Progress) -> Result<Receipt, StoreError> {
        super::upload::put(self, upload, progress).await
    }
}
