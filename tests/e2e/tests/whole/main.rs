//! The whole of it on this machine: a chain with our contracts, a folder for storage, a
//! simulated TEE, the node and the trainer as they ship, and a customer.

#![allow(
    clippy::disallowed_methods,
    reason = "tests run clients and proxies as tasks of their own, and wait by the clock"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::large_futures,
    clippy::print_stderr,
    reason = "a test ends where it is surprised, and a soak tells how it goes"
)]

mod audit;
mod broker;
mod brokered;
#[path = "../../../../node/tests/api/caller.rs"]
mod caller;
mod collector;
mod crowd;
mod customer;
mod dataset;
mod demo;
mod evidence;
mod faults;
mod figures;
mod journey;
mod kills;
mod machine;
mod middle;
mod node;
mod operator;
mod originals;
mod proxy;
mod secrecy;
mod session;
mod stage;
mod story;
mod wire;
