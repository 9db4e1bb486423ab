//! Transfers: from many replicas into one file, checked segment by segment.

mod fetch;
mod pace;
mod partial;
mod reputation;

pub use fetch::{Fetched, Sources, Wanted, fetch, fetch_into};
pub use pace::Pace;
pub use partial::Partial;
pub use reputation::Reputation;
