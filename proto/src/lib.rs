//! The words of sealtune: ids, amounts, codes, the signed order and the wire.
//!
//! Every other crate speaks in these types. Bytes from outside become one of
//! them once, at the edge, and cannot be wrong afterwards.
//!
//! Features add: `signature` tells who signed, `wire` brings the protobuf messages
//! (`wire`, generated) and their checked forms (`task`, `training`,
//! `attestation`, `blob`, `node`, `broker`), `grpc` the services.

mod codes;
mod hexed;
mod ids;
mod order;
#[cfg(feature = "wire")]
mod scan;
mod signature;
mod signed;

#[cfg(feature = "wire")]
mod bounded;
#[cfg(feature = "wire")]
mod checked;
#[cfg(feature = "grpc")]
pub mod grpc;
#[cfg(all(test, feature = "wire"))]
mod laws;
#[cfg(feature = "wire")]
pub mod limits;
#[cfg(feature = "wire")]
mod malformed;
#[cfg(feature = "wire")]
mod messages;
#[cfg(feature = "wire")]
pub mod wire;

pub use alloy_primitives::{Address, U256};
pub use codes::{CallError, Reason, UnknownCallError, UnknownReason};
pub use ids::{
    BadHex, BootId, ChallengeNonce, Digest, Fence, RecipeDigest, Root, Seconds, TaskId, Wei,
};
pub use order::{BadKey, EncryptionKey, Order, Provider, Tier, UnknownTier};
#[cfg(feature = "signature")]
pub use signature::NoSigner;
pub use signature::{BadPublicKey, BadSignature, PublicKey, Signature};
#[cfg(feature = "signature")]
pub use signed::NotBinding;
pub use signed::{Action, Permit, Scope, SignedOrder, SignedPermit};

#[cfg(feature = "wire")]
pub use {
    bounded::{Blob, Finite, List, Text},
    checked::Message,
    malformed::{Fault, Malformed},
    messages::{attestation, blob, broker, node, submission::Submission, task, training},
};
