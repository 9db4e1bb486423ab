//! The id of content: 0G's merkle root, and proofs that a segment belongs to it.
//!
//! Specification: facts E.1 and E.3 of 0G Storage. Content is cut into chunks of
//! 256 bytes and segments of 1024 chunks, padded with zeros by at most a
//! sixteenth, and hashed with keccak-256 without prefixes; an odd last node is
//! carried up unchanged. Because a segment is a power of two, the tree of
//! segments over trees of chunks is one tree over all chunks.

mod hash;
mod outline;
mod proof;
mod root;
mod shape;
mod spine;
#[cfg(test)]
mod tests;
mod tree;

pub use hash::segment_root;
pub use outline::{BadOutline, Outline};
pub use proof::{BadProof, Proof};
pub use root::{Content, Hashing, Tee, outline_of, root_of};
pub use shape::{CHUNK_BYTES, CONTENT_BYTES_MAX, SEGMENT_BYTES, SEGMENT_CHUNKS, Shape};
pub use tree::{Node, Tree};

/// A node of the tree: a keccak-256 digest.
pub type Hash = [u8; 32];
