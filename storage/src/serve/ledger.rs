//! Submissions by sequence number and by root: what the chain said, or what we counted.

use crate::id::{Content, Hash, Shape};
use crate::zg::wire::Tx;
use proto::Root;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Ledger {
    by_seq: BTreeMap<u64, Tx>,
    by_root: BTreeMap<Root, u64>,
    /// Up to which block the chain was read.
    pub(super) height: u64,
    pub(super) block: Hash,
}

impl Ledger {
    /// Notes a submission. The first of a root is the one its root stands for.
    pub(super) fn record(&mut self, tx: Tx) {
        self.by_root.entry(tx.data_merkle_root).or_insert(tx.seq);
        self.by_seq.insert(tx.seq, tx);
    }

    pub(super) fn by_seq(&self, seq: u64) -> Option<&Tx> {
        self.by_seq.get(&seq)
    }

    pub(super) fn by_root(&self, root: Root) -> Option<&Tx> {
        self.by_root.get(&root).and_then(|seq| self.by_seq(*seq))
    }

    pub(super) fn next_seq(&self) -> u64 {
        self.by_seq.last_key_value().map_or(0, |(seq, _)| seq + 1)
    }

    /// Numbers content that no chain numbered.
    pub(super) fn count(&mut self, content: Content) -> Tx {
        let chunks = |tx: &Tx| Shape::of(tx.size).map_or(0, Shape::padded_chunks);
        let start = self
            .by_seq
            .last_key_value()
            .map_or(0, |(_, tx)| tx.start_entry_index + chunks(tx));
        let tx = Tx {
            stream_ids: Vec::new(),
            data: Vec::new(),
            data_merkle_root: content.root,
            merkle_nodes: Vec::new(),
            start_entry_index: start.next_multiple_of(crate::id::SEGMENT_CHUNKS),
            size: content.size,
            seq: self.next_seq(),
        };
        self.record(tx.clone());
        tx
    }
}
