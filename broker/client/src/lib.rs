//! A broker as its callers meet it: the customer's half and the node's.
//!
//! ```text
//!   BrokerUrl ─┬─▶ Broker   Submit, Estimate, Get, List, Watch, Logs, Cancel, Nodes, blobs
//!              └─▶ Session  announcement ─▶ ⇄ what a node says, what the broker says
//! ```
//!
//! What goes over the wire is `proto`'s checked types, in both directions: a broker is trusted
//! with order and availability only, and an answer that cannot be is an error here. Every call is
//! made once; who wants another try looks at [`CallFailed::is_worth_retry`].

mod blobs;
mod broker;
mod failed;
mod session;
mod url;

pub use blobs::PutFailed;
pub use broker::{Broker, News};
pub use failed::CallFailed;
pub use session::{Gone, Session, Voice};
pub use url::{BadUrl, BrokerUrl};
