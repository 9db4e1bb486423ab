//! The protobuf messages as generated, for codecs and reflection.
//!
//! Nothing in them is checked. Everybody else uses the checked forms, which
//! `TryFrom` makes of these and `From` turns back.

#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::as_conversions,
    clippy::allow_attributes_without_reason,
    missing_debug_implementations,
    unreachable_pub,
    reason = "generated"
)]

include!(concat!(env!("OUT_DIR"), "/sealtune.v1.rs"));

/// The file descriptor set of `sealtune.v1`, as gRPC reflection wants it.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sealtune.v1.bin"));
