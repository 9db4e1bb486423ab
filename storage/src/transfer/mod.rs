//! Transfers: from many replicas into one file, checked segment by segment.

mod bring;
mod check;
mod fetch;
mod pace;
mod partial;
mod reputation;
mod sources;

pub use fetch::{Fetched, Wanted, fetch, fetch_into};
pub use pace::Pace;
pub use partial::Partial;
pub use reputation::Reputation;
pub use sources::Sources;
