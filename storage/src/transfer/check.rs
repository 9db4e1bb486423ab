//! What each segment is checked against.

use crate::error::StoreError;
use crate::id::{BadProof, Hash, Outline, Shape, segment_root};
use crate::store::Segment;
use proto::Root;

pub(super) enum Check {
    /// Every segment's root is known.
    Outline(Outline),
    /// Every segment brings its proof.
    Proof,
    /// Only the whole can be checked.
    Whole,
}

impl Check {
    /// The segment's root, if it is what it has to be.
    pub(super) fn root(
        &self,
        (content, shape): (Root, Shape),
        index: u64,
        segment: &Segment,
        place: &str,
    ) -> Result<Hash, StoreError> {
        let bad = |source| StoreError::BadSegment {
            place: place.to_owned(),
            source,
        };
        let found = || {
            segment_root(shape, index, &segment.data)
                .ok_or(bad(BadProof::Length(segment.data.len())))
        };
        match (self, &segment.proof) {
            (Self::Outline(outline), _) => {
                let found = found()?;
                if outline.segment(index) == Some(&found) {
                    Ok(found)
                } else {
                    Err(bad(BadProof::Segment))
                }
            }
            (Self::Proof, Some(proof)) => proof
                .check(content, shape, index, &segment.data)
                .map_err(bad),
            (Self::Proof, None) => Err(bad(BadProof::Path)),
            (Self::Whole, _) => found(),
        }
    }
}
