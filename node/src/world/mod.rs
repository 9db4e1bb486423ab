//! The real world behind the ports: chain, storage and the enclave's keys.

mod blobs;
mod chain;
mod direct;
mod enclave;
mod flow;
mod follow;
mod pipe;
mod register;
mod signer;
mod trainer;

pub use blobs::{Places, PlacesError};
pub use chain::{Bills, ChainPort};
pub use direct::BookedTasks;
pub use enclave::EnclavePort;
pub use flow::Payer;
pub use follow::{catch_up, follow};
pub use register::{Registration, register};
pub use signer::Signer;
pub use trainer::Shelf;
