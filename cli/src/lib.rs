//! The customer's side of sealtune: what `ft` does, as a library that tests use too.
//!
//! ```text
//!   args ──▶ commands ──▶ bank      the account, orders and acknowledgements on chain
//!                    ├──▶ judge     is this machine what it says?
//!                    ├──▶ desk      who takes orders and tells how they go
//!                    ├──▶ shelf     sealed bytes to and from storage
//!                    └──▶ home      what is remembered between two commands
//! ```
//!
//! A command ends with an [`answer::Answer`] or with a [`trouble::Trouble`], which says what happened,
//! whether money moved, and what to type next.

#![allow(
    clippy::large_futures,
    reason = "a command line runs one command at a time"
)]

pub mod amount;
pub mod answer;
pub mod args;
pub mod bank;
pub mod commands;
pub mod config;
pub mod context;
pub mod desk;
pub mod home;
pub mod judge;
pub mod keys;
pub mod receipt;
pub mod reference;
pub mod shelf;
pub mod surroundings;
pub mod trouble;
pub mod voice;
pub mod weigh;
