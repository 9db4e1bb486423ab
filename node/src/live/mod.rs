//! From a configuration to a node at work, in the order that keeps every promise.
//!
//! ```text
//!   device ─▶ identity ─▶ vault ─▶ journal ─▶ evidence ─▶ chain ─▶ conductor
//!                                  (main)        │                    │
//!                        none, or of a root      ▼             entry on chain, models
//!                        nobody vouches for: no start                 │
//!                                                                     ▼
//!                                                              the door opens
//! ```

mod enclose;
mod join;
mod prove;

pub use enclose::{EncloseError, Enclosed, enclose};
pub use join::{Audience, JoinError, Live, conduct, join};
pub use prove::{ProveError, Proved, prove};
