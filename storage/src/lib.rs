//! Content that can be named, verified and fetched from anywhere.
//!
//! A [`Content`](id::Content) is named by its 0G merkle root. A [`Store`] is a
//! place that keeps content; a [`Replica`] is one copy of it there. [`fetch`]
//! believes no replica: every segment is checked against the root while it
//! arrives, or, where nothing proves a segment, the whole is before it is shown.

mod error;
mod http;
pub mod id;
mod keccak;
mod local;
mod package;
mod progress;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "serve")]
pub mod serve;
mod store;
mod transfer;
mod zg;

pub use error::StoreError;
pub use http::HttpFolder;
pub use local::{Collected, LocalFolder};
pub use package::{
    Entry, Limits, Links, PackError, Packing, UnpackError, find_in_package, read_package, unpack,
};
pub use progress::{Meter, Progress, Reading, Silent};
#[cfg(feature = "s3")]
pub use s3::{Bucket, BucketConfig};
pub use store::{Found, Receipt, Replica, Segment, Store, Upload};
pub use transfer::{Fetched, Pace, Partial, Reputation, Sources, Wanted, fetch, fetch_into};
pub use zg::{
    FileInfo, Hex, SegmentWithProof, Submission, SubmitError, Submitted, Submitter, Tx, WireProof,
    ZeroG, parse_answer,
};
