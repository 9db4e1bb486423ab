//! The outline of content: its size and the roots of its segments, enough to check each alone.

use super::hash::{fold, leaves, zero_segment};
use super::tree::{Node, Tree};
use super::{CONTENT_BYTES_MAX, Content, Hash, Shape, segment_root};
use proto::Root;

/// An outline that does not belong to the root it came for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOutline {
    #[error("an outline is eight bytes of size and 32 bytes for each segment")]
    Length,
    #[error("content of {0} bytes is larger than can be moved")]
    TooLarge(u64),
    #[error("the outline's segments make another root: {0}")]
    Root(Root),
}

/// The segment roots of content, of which the file root is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    shape: Shape,
    segments: Vec<Hash>,
}

impl Outline {
    pub(super) fn of_segments(shape: Shape, segments: Vec<Hash>) -> Self {
        Self { shape, segments }
    }

    /// The outline of content that arrived segment by segment.
    /// `None` where there are not as many roots as segments.
    pub fn of_roots(shape: Shape, segments: Vec<Hash>) -> Option<Self> {
        (u64::try_from(segments.len()) == Ok(shape.segments())).then_some(Self { shape, segments })
    }

    /// Reads an outline that claims to be of `root`.
    pub fn parse(root: Root, bytes: &[u8]) -> Result<Self, BadOutline> {
        let (size, roots) = bytes.split_first_chunk().ok_or(BadOutline::Length)?;
        let size = u64::from_le_bytes(*size);
        if size > CONTENT_BYTES_MAX {
            return Err(BadOutline::TooLarge(size));
        }
        let shape = Shape::of(size).ok_or(BadOutline::Length)?;
        let (segments, rest) = roots.as_chunks::<32>();
        let outline = Self::of_roots(shape, segments.to_vec()).ok_or(BadOutline::Length)?;
        match (rest, outline.root()) {
            ([], found) if found == root => Ok(outline),
            ([], found) => Err(BadOutline::Root(found)),
            _ => Err(BadOutline::Length),
        }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        [
            self.shape.size().to_le_bytes().as_slice(),
            self.segments.as_flattened(),
        ]
        .concat()
    }

    /// How many bytes the outline of content of this shape takes.
    pub const fn bytes_len(shape: Shape) -> u64 {
        8 + 32 * shape.segments()
    }

    pub const fn shape(&self) -> Shape {
        self.shape
    }

    pub fn root(&self) -> Root {
        Root(fold(self.padded()))
    }

    pub fn content(&self) -> Content {
        Content {
            root: self.root(),
            size: self.shape.size(),
        }
    }

    /// The root of segment `index`.
    pub fn segment(&self, index: u64) -> Option<&Hash> {
        self.segments.get(usize::try_from(index).ok()?)
    }

    /// Whether these bytes are segment `index`.
    pub fn owns(&self, index: u64, data: &[u8]) -> bool {
        let found = segment_root(self.shape, index, data);
        found.is_some() && found.as_ref() == self.segment(index)
    }

    /// The upper tree, from which proofs are made.
    pub fn tree(&self) -> Tree {
        Tree::over(self.padded())
    }

    /// The subtrees a submission on chain names; the last segment's bytes are needed
    /// because those below a segment's height lie within it.
    pub fn submission_nodes(&self, last_segment: &[u8]) -> Vec<Node> {
        let mut nodes = self.tree().aligned(self.shape.upper_heights());
        nodes.extend(tail_nodes(self.shape, last_segment));
        nodes
    }

    /// The segments' roots with those of the padding.
    fn padded(&self) -> Vec<Hash> {
        let padded = usize::try_from(self.shape.padded_segments());
        let mut roots = self.segments.clone();
        roots.resize(
            padded.expect("as many segments fit in memory"),
            zero_segment(),
        );
        roots
    }
}

fn tail_nodes(shape: Shape, last_segment: &[u8]) -> Vec<Node> {
    let chunks = shape
        .segment_chunks(shape.padded_segments() - 1)
        .unwrap_or(0);
    let mut rest = leaves(last_segment, chunks);
    shape
        .tail_heights()
        .map(|height| {
            let behind = rest.split_off(1 << height);
            Node {
                height,
                root: fold(std::mem::replace(&mut rest, behind)),
            }
        })
        .collect()
}
