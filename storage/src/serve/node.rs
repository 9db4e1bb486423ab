//! What the node has and knows.

use super::chain::Chain;
use super::ledger::Ledger;
use crate::error::{StoreError, blocking};
use crate::id::{Content, Shape};
use crate::local::LocalFolder;
use crate::transfer::Partial;
use crate::zg::wire::{FileInfo, NetworkIdentity, NodeAt, ProtocolVersion, Shard, Status, Tx};
use proto::{Address, Root};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Uploads that are open at once; further ones are told to come later.
const OPEN_MAX: usize = 64;

/// How to run a node.
#[derive(Clone, Debug)]
pub struct Config {
    pub dir: PathBuf,
    pub quota: Option<u64>,
    /// Where clients reach this node: what its indexer tells them.
    pub public_url: String,
    /// The flow contract to follow; none takes uploads unpaid.
    pub chain: Option<Chain>,
}

/// A storage node over one folder.
#[derive(Debug)]
pub struct Node {
    pub(super) folder: LocalFolder,
    pub(super) public_url: String,
    pub(super) chain: Option<Chain>,
    ledger: Mutex<Ledger>,
    open: Mutex<BTreeMap<Root, Arc<Mutex<Partial>>>>,
}

impl Node {
    /// Opens the folder. Without a chain, what is there is numbered in the order of roots.
    pub fn open(config: Config) -> Result<Self, StoreError> {
        let folder = LocalFolder::open(&config.dir, config.quota)?;
        let mut ledger = Ledger::default();
        if config.chain.is_none() {
            for content in folder.list()? {
                ledger.count(content);
            }
        }
        Ok(Self {
            folder,
            public_url: config.public_url,
            chain: config.chain,
            ledger: Mutex::new(ledger),
            open: Mutex::default(),
        })
    }

    pub fn folder(&self) -> &LocalFolder {
        &self.folder
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn status(&self) -> Status {
        let ledger = self.ledger();
        let chain = self.chain.as_ref();
        Status {
            connected_peers: 0,
            log_sync_height: ledger.height,
            log_sync_block: Root(ledger.block),
            next_tx_seq: ledger.next_seq(),
            network_identity: NetworkIdentity {
                chain_id: chain.map_or(0, |chain| chain.id),
                flow_address: chain.map_or(Address::ZERO, |chain| chain.flow),
                p2p_protocol_version: ProtocolVersion::default(),
            },
        }
    }

    pub(super) fn location(&self) -> NodeAt {
        NodeAt {
            url: self.public_url.clone(),
            config: Shard::WHOLE,
            latency: 0,
            since: 0,
        }
    }

    pub(super) fn tx(&self, root: Root) -> Option<Tx> {
        self.ledger().by_root(root).cloned()
    }

    pub(super) fn tx_by_seq(&self, seq: u64) -> Option<Tx> {
        self.ledger().by_seq(seq).cloned()
    }

    /// What is here of a submission.
    pub(super) async fn info(&self, tx: Tx) -> Result<FileInfo, StoreError> {
        let content = Content {
            root: tx.data_merkle_root,
            size: tx.size,
        };
        let finalized = self.folder.has(content.root)?.is_some();
        let segments = Shape::of(tx.size).map_or(0, Shape::segments);
        let uploaded_seg_num = if finalized {
            segments
        } else {
            self.begun(content).await?
        };
        Ok(FileInfo {
            tx,
            finalized,
            is_cached: false,
            uploaded_seg_num,
            pruned: false,
        })
    }

    /// How many segments of an unfinished upload are here.
    async fn begun(&self, content: Content) -> Result<u64, StoreError> {
        if !self.folder.partial_path(content.root).exists() {
            return Ok(0);
        }
        let Some(partial) = self.partial(content).await? else {
            return Ok(0);
        };
        Ok(lock(&partial).segments_here())
    }

    /// The upload of this content; `None` while too many others are open.
    pub(super) async fn partial(
        &self,
        content: Content,
    ) -> Result<Option<Arc<Mutex<Partial>>>, StoreError> {
        if let Some(open) = self.uploads().get(&content.root) {
            return Ok(Some(Arc::clone(open)));
        }
        if self.uploads().len() >= OPEN_MAX {
            return Ok(None);
        }
        let folder = self.folder.clone();
        let partial = blocking(move || {
            folder.room_for(content.size)?;
            Partial::open(&folder.partial_path(content.root), content)
        })
        .await?;
        let mut uploads = self.uploads();
        let open = uploads
            .entry(content.root)
            .or_insert_with(|| Arc::new(Mutex::new(partial)));
        Ok(Some(Arc::clone(open)))
    }

    pub(super) fn close(&self, root: Root) {
        self.uploads().remove(&root);
    }

    fn uploads(&self) -> MutexGuard<'_, BTreeMap<Root, Arc<Mutex<Partial>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn lock(partial: &Mutex<Partial>) -> MutexGuard<'_, Partial> {
    partial.lock().unwrap_or_else(PoisonError::into_inner)
}
