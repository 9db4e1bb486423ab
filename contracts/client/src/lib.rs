//! The chain client: final events in order, one sender of transactions, and the market as a port.
//!
//! ```text
//!   Market ---- reads ----> Reader ----> several RPC URLs, as one
//!     |                       ^               ^
//!     | acts                  | follows       | sends, bumps, replaces
//!     v                       |               |
//!   Sender == mailbox ==>   Follower        Desk (the one owner of the wallet's nonces)
//! ```
//!
//! Nothing here decides on a retry: every call tries once, for as long as its patience
//! lasts, and says how the order stands. A send error is unknown until the chain says.

pub mod bindings;
mod config;
mod customer;
mod event;
mod failure;
mod flow;
mod follow;
mod ground;
mod market;
mod preflight;
mod reader;
mod refusal;
mod rpc;
mod sender;
mod settlement;
mod wallet;

pub use config::{Config, ConfigError, FeePolicy, Finality, Timing};
pub use customer::{Customer, Funds};
pub use event::{Event, Seen, Unreadable};
pub use failure::Failure;
pub use flow::{Flow, FlowNode};
pub use follow::{Cursor, FollowError, Follower, Page};
pub use ground::Ground;
pub use market::{Bill, DirectTask, DirectTasks, Market, Offer, Standing};
pub use preflight::Problem;
pub use reader::{Mode, Reader};
pub use refusal::Refusal;
pub use rpc::{Budget, Fault, Header, RpcError, UrlHealth};
pub use sender::{Act, Desk, Outcome, SendError, Sender};
pub use settlement::{Release, Settlement, TeeSigner};
pub use wallet::{BadKeyFile, Wallet};
