//! How many chunks, segments and zeros content of one size has.

use std::num::NonZeroU64;
use std::ops::Range;

/// Bytes of a chunk, the leaf of the tree.
pub const CHUNK_BYTES: u64 = 256;

/// Chunks of a whole segment, the unit of transfer.
pub const SEGMENT_CHUNKS: u64 = 1024;

/// Bytes of a whole segment.
pub const SEGMENT_BYTES: u64 = CHUNK_BYTES * SEGMENT_CHUNKS;

/// The largest content that is moved: its list of segment roots takes 32 MiB, which
/// keeps a transfer within its memory bound. A root alone has no such limit.
pub const CONTENT_BYTES_MAX: u64 = 1 << 38;

/// The height of a whole segment's root above its chunks.
const SEGMENT_HEIGHT: u32 = SEGMENT_CHUNKS.ilog2();

/// The measures of content of one size; empty content has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    size: NonZeroU64,
}

impl Shape {
    pub fn of(size: u64) -> Option<Self> {
        NonZeroU64::new(size).map(|size| Self { size })
    }

    pub const fn size(self) -> u64 {
        self.size.get()
    }

    /// Chunks that carry content, the last of them perhaps in part.
    pub const fn chunks(self) -> u64 {
        self.size().div_ceil(CHUNK_BYTES)
    }

    /// Chunks with the padding: the next power of two is cut into sixteen parts,
    /// and whole parts are filled.
    pub const fn padded_chunks(self) -> u64 {
        let power = self.chunks().next_power_of_two();
        let part = if power >= 16 { power / 16 } else { 1 };
        self.chunks().div_ceil(part) * part
    }

    /// Segments that carry content: those that travel.
    pub const fn segments(self) -> u64 {
        self.size().div_ceil(SEGMENT_BYTES)
    }

    /// Segments with the padding: the leaves of the upper tree.
    pub const fn padded_segments(self) -> u64 {
        self.padded_chunks().div_ceil(SEGMENT_CHUNKS)
    }

    /// The chunks, with padding, of segment `index`; `None` behind the last.
    pub fn segment_chunks(self, index: u64) -> Option<u64> {
        let start = index.checked_mul(SEGMENT_CHUNKS)?;
        let rest = self.padded_chunks().checked_sub(start)?;
        (rest > 0).then(|| rest.min(SEGMENT_CHUNKS))
    }

    /// The bytes of the content that segment `index` carries; `None` where it carries none.
    pub fn segment_bytes(self, index: u64) -> Option<Range<u64>> {
        let start = index.checked_mul(SEGMENT_BYTES)?;
        (start < self.size()).then(|| start..self.size().min(start + SEGMENT_BYTES))
    }

    /// How long segment `index` is; zero where it carries nothing.
    pub fn segment_len(self, index: u64) -> usize {
        let len = self
            .segment_bytes(index)
            .map_or(0, |bytes| bytes.end - bytes.start);
        usize::try_from(len).expect("a segment is 256 KiB at most")
    }

    /// The heights of the subtrees a submission on chain names: the padded chunks
    /// as descending powers of two.
    pub fn submission_heights(self) -> impl Iterator<Item = u32> {
        let chunks = self.padded_chunks();
        (0..u64::BITS)
            .rev()
            .filter(move |height| chunks >> height & 1 == 1)
    }

    /// Those of the submission's heights that lie within the last segment.
    pub(super) fn tail_heights(self) -> impl Iterator<Item = u32> {
        self.submission_heights()
            .filter(|&height| height < SEGMENT_HEIGHT)
    }

    /// Those that are made of whole segments, as heights above the segments.
    pub(super) fn upper_heights(self) -> impl Iterator<Item = u32> {
        self.submission_heights()
            .filter_map(|height| height.checked_sub(SEGMENT_HEIGHT))
    }

    /// On which levels segment `index` has a sibling, and whether it is the left one.
    pub(super) fn path(self, mut index: u64) -> Vec<bool> {
        let mut width = self.padded_segments();
        let mut path = Vec::new();
        while width > 1 {
            let carried = index == width - 1 && width % 2 == 1;
            if !carried {
                path.push(index.is_multiple_of(2));
            }
            index /= 2;
            width = width.div_ceil(2);
        }
        path
    }
}
