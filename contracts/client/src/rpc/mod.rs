//! JSON-RPC over several URLs, as if they were one node that rarely fails.

mod budget;
mod endpoint;
mod fault;
mod line;
mod pool;
mod post;
pub(crate) mod words;

pub use budget::Budget;
pub use endpoint::UrlHealth;
pub use fault::{Fault, RpcError};
pub use words::Header;

pub(crate) use line::{At, Line};
pub(crate) use pool::Pool;
