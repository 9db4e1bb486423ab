//! The words of sealtune: ids, amounts, codes, the signed order and the wire.
//!
//! Every other crate speaks in these types. Bytes from outside become one of
//! them once, at the edge, and cannot be wrong afterwards.

mod codes;
mod ids;
mod order;

pub use alloy_primitives::{Address, U256};
pub use codes::{Reason, UnknownReason};
pub use ids::{BadHex, Digest, RecipeDigest, Root, Seconds, TaskId, Wei};
pub use order::{BadKey, EncryptionKey, Order, Provider, Tier, UnknownTier};
