//! The broker's services, called as customers and nodes call them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    clippy::large_futures,
    dead_code,
    reason = "a test that panics is a test that fails, and one that is left out says so; customers and nodes are shared with others"
)]

mod customer;
mod house;
mod kills;
mod node;
mod orders;
#[path = "../books/postgres.rs"]
mod postgres;
mod relay;
mod sessions;
