//! The proof that a segment belongs to a root.

use super::{Hash, Shape, segment_root};
use crate::keccak::hash_pair;
use proto::Root;

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    #[error("the content has no segment {0}")]
    Index(u64),
    #[error("a segment of {0} bytes has the wrong length")]
    Length(usize),
    #[error("the proof's path is not the segment's")]
    Path,
    #[error("the proof is of other bytes")]
    Segment,
    #[error("the proof leads to another root")]
    Root,
}

/// A segment's root, its siblings from the bottom up and the content's root; and for
/// each sibling whether the segment's side is the left one (facts E.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub lemma: Vec<Hash>,
    pub path: Vec<bool>,
}

impl Proof {
    /// Whether `data` is segment `index` of the content of this root and shape; gives
    /// the segment's root. The path is not believed but compared with the shape's.
    pub fn check(
        &self,
        root: Root,
        shape: Shape,
        index: u64,
        data: &[u8],
    ) -> Result<Hash, BadProof> {
        if index >= shape.segments() {
            return Err(BadProof::Index(index));
        }
        if self.path != shape.path(index) {
            return Err(BadProof::Path);
        }
        let found = segment_root(shape, index, data).ok_or(BadProof::Length(data.len()))?;
        self.leads(found, root).map(|()| found)
    }

    fn leads(&self, segment: Hash, root: Root) -> Result<(), BadProof> {
        match self.lemma.as_slice() {
            [first, ..] if *first != segment => Err(BadProof::Segment),
            [only] if self.path.is_empty() => same(*only, root),
            [first, siblings @ .., last] if siblings.len() == self.path.len() => {
                let top = siblings.iter().zip(&self.path).fold(*first, climb);
                same(*last, root).and_then(|()| same(top, root))
            }
            _ => Err(BadProof::Path),
        }
    }
}

fn climb(node: Hash, (sibling, left): (&Hash, &bool)) -> Hash {
    if *left {
        hash_pair(&node, sibling)
    } else {
        hash_pair(sibling, &node)
    }
}

fn same(found: Hash, root: Root) -> Result<(), BadProof> {
    if found == root.0 {
        Ok(())
    } else {
        Err(BadProof::Root)
    }
}
