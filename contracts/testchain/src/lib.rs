//! A chain of a test's own: anvil, and on it our contracts or 0G's originals.
//!
//! For tests alone; no program that ships depends on it, and a table says so.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it is surprised"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "the chain lives and dies with the test"
)]

mod anvil;
mod market;
mod npm;
mod rpc;

pub use anvil::Anvil;
pub use market::{Placed, artefact, originals, ours};
pub use rpc::{http, post};

use alloy_primitives::{Address, address};

pub const CHAIN_ID: u64 = 31_337;
/// Anvil's first account.
pub const OWNER: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
pub const LOCK_TIME: u64 = 86_400;
pub const PENALTY: u64 = 30;
