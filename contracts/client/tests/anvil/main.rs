//! The client against a real chain: anvil, started and stopped by each test.

#![allow(
    clippy::disallowed_methods,
    reason = "tests run clients and proxies as tasks of their own and drop them at will"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test ends where it is surprised"
)]
#![allow(
    clippy::large_futures,
    reason = "whole stories in one future are what a test is"
)]

mod base;
mod cast;
mod congestion;
mod follow;
mod full;
mod kill;
mod proxy;
mod refused;
mod rpc;
