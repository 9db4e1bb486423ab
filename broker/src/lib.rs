//! One door for customers, many nodes behind it.
//!
//! The broker is trusted with order and availability only: what it says is checked by the
//! customer and by the node, and whom it favours is written where anyone can read it.
//!
//! ```text
//!   customers ─▶ desk ──┐                          ┌── session ◀─ nodes
//!             ─▶ relay  ├─▶ books ─▶ store, ledger ─┤     ▲
//!                       │     ▲ feed               │     │ errands
//!                       └── fleet ◀── dispatcher ──┴── peers ◀── gossip (other brokers)
//! ```
//!
//! `matching` decides who gets which order and is pure; `rules` is what every node would refuse;
//! `job` is what may become of an order; `ledger` is what the broker did, in a chain that cannot be
//! bent afterwards.

pub mod books;
pub mod boot;
pub mod clock;
pub mod config;
pub mod crew;
pub mod desk;
pub mod dispatch;
pub mod door;
pub mod feed;
pub mod fleet;
pub mod gossip;
pub mod job;
pub mod judge;
pub mod ledger;
pub mod market;
pub mod matching;
pub mod operator;
pub mod peers;
pub mod permits;
pub mod relay;
pub mod rules;
pub mod service;
pub mod session;
pub mod signals;
pub mod stop;
pub mod store;
