//! The right edge of a growing tree: all that a streaming root has to remember.

use super::Hash;
use crate::keccak::hash_pair;

/// Roots of complete subtrees, tallest first, as the digits of a binary counter.
#[derive(Debug, Default)]
pub(super) struct Spine {
    peaks: Vec<(u32, Hash)>,
}

impl Spine {
    /// Adds the next subtree of `height`; those before it are at least as tall or complete.
    pub(super) fn push(&mut self, mut height: u32, mut node: Hash) {
        while let Some(&(peak, left)) = self.peaks.last()
            && peak == height
        {
            node = hash_pair(&left, &node);
            height += 1;
            self.peaks.pop();
        }
        self.peaks.push((height, node));
    }

    /// The root: peaks joined from the right, an odd one carried up as it is.
    pub(super) fn root(self) -> Option<Hash> {
        self.peaks
            .into_iter()
            .map(|(_height, node)| node)
            .rev()
            .reduce(|right, left| hash_pair(&left, &right))
    }
}
