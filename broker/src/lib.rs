//! One door for customers, many nodes behind it.
//!
//! The broker is trusted with order and availability only: what it says is checked by the
//! customer and by the node, and whom it favours is written where anyone can read it.
//!
//! `matching` decides who gets which order and is pure; `ledger` is what the broker did, in a
//! chain that cannot be bent afterwards.

pub mod job;
pub mod ledger;
pub mod matching;
pub mod store;
