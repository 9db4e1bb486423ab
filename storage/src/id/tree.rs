//! The upper tree over a content's segments, kept sparsely, from which proofs are made.

use super::Hash;
use super::hash::{fold, parents};
use super::proof::Proof;

/// Levels that are not kept but made again for each proof: 64 segments, 63 hashes.
const HIDDEN: u32 = 6;
const BLOCK: usize = 1 << HIDDEN;

/// Chunks below a segment's root, as a height.
const SEGMENT_HEIGHT: u32 = super::SEGMENT_CHUNKS.ilog2();

/// A subtree by its height above the chunks and its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    pub height: u32,
    pub root: Hash,
}

/// The segments' roots and the levels above their blocks.
#[derive(Debug)]
pub struct Tree {
    leaves: Vec<Hash>,
    upper: Vec<Vec<Hash>>,
}

impl Tree {
    pub(super) fn over(leaves: Vec<Hash>) -> Self {
        let mut upper = vec![
            leaves
                .chunks(BLOCK)
                .map(|block| fold(block.to_vec()))
                .collect::<Vec<_>>(),
        ];
        while let Some(top) = upper.last()
            && top.len() > 1
        {
            upper.push(parents(top));
        }
        Self { leaves, upper }
    }

    pub fn root(&self) -> Hash {
        self.upper.last().map_or([0; 32], |top| top[0])
    }

    /// The proof that segment `index` belongs to the root; `None` behind the last segment.
    pub fn proof(&self, index: u64) -> Option<Proof> {
        let index = usize::try_from(index).ok()?;
        let leaf = *self.leaves.get(index)?;
        let mut climb = Climb {
            index: index % BLOCK,
            siblings: Vec::new(),
            path: Vec::new(),
        };
        let mut level = self.leaves.chunks(BLOCK).nth(index / BLOCK)?.to_vec();
        while level.len() > 1 {
            climb.past(&level);
            level = parents(&level);
        }
        climb.index = index / BLOCK;
        for level in &self.upper {
            climb.past(level);
        }
        Some(climb.proof(leaf, self.root()))
    }

    /// Subtrees of descending `heights` above the segments, from the left.
    pub(super) fn aligned(&self, heights: impl Iterator<Item = u32>) -> Vec<Node> {
        let mut rest = self.leaves.as_slice();
        heights
            .map(|height| {
                let (run, behind) = rest.split_at(1 << height);
                rest = behind;
                Node {
                    height: height + SEGMENT_HEIGHT,
                    root: fold(run.to_vec()),
                }
            })
            .collect()
    }
}

/// A walk from a leaf to the root that notes the siblings it passes.
struct Climb {
    index: usize,
    siblings: Vec<Hash>,
    path: Vec<bool>,
}

impl Climb {
    fn past(&mut self, level: &[Hash]) {
        if let Some(sibling) = level.get(self.index ^ 1) {
            self.siblings.push(*sibling);
            self.path.push(self.index.is_multiple_of(2));
        }
        self.index /= 2;
    }

    /// A single segment's proof is the root alone (facts E.3).
    fn proof(self, leaf: Hash, root: Hash) -> Proof {
        let mut lemma = vec![leaf];
        if !self.path.is_empty() {
            lemma.extend(self.siblings);
            lemma.push(root);
        }
        Proof {
            lemma,
            path: self.path,
        }
    }
}
