//! From a configuration to a node at work, in the order that keeps every promise.
//!
//! ```text
//!   device ─▶ identity ─▶ vault ─▶ journal ─▶ evidence ─▶ port ─▶ chain ─▶ conductor
//!                                  (main)        │       (main)              │
//!                        none, or of a root      ▼                   entry on chain, models
//!                        nobody vouches for: no start                        │
//!                                                                            ▼
//!                                                                   orders are taken
//! ```

mod audience;
mod enclose;
mod join;
mod prove;
mod shop;
mod speak;
mod teller;
mod terms;
mod watch;

pub use audience::Audience;
pub use enclose::{EncloseError, Enclosed, enclose};
pub(crate) use join::client;
pub use join::{JoinError, conduct, join};
pub use prove::{Evidence, ProveError, Proved, prove, rehearse};
pub use speak::Speaker;
pub use watch::watch_device;
