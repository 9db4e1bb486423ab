//! The checked messages, a module per topic.
//!
//! A message is declared once, with the checked type of each field; both ways
//! between it and the generated type, its largest size and, in tests, how to make
//! any of it follow from that. Field names are the wire's.

#[macro_use]
mod macros;

pub mod attestation;
pub mod blob;
pub mod broker;
pub mod node;
mod order;
pub(crate) mod submission;
pub mod task;
pub mod training;
